/// An AdmissionReview such as an API server sends when a pod with four containers is created: about 7 KB, on one line.
enum SampleReview {
    static let images = (0..<4).map { "registry.example.com/team/service-\($0):v1.4.\($0)" }

    static func bytes(images: [String] = images) -> [UInt8] {
        let owned = images.indices.map(ownedFields).joined(separator: ",")
        let containers = images.enumerated().map { container($0, image: $1) }.joined(separator: ",")
        let lines = review(owned: owned, containers: containers).split(separator: "\n")
        return Array(lines.map { $0.drop { $0 == " " } }.joined().utf8)
    }

    private static func review(owned: String, containers: String) -> String {
        #"""
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{
          "uid":"705ab4f5-6393-11e8-b7cc-42010a800002",
          "kind":{"group":"","version":"v1","kind":"Pod"},
          "resource":{"group":"","version":"v1","resource":"pods"},
          "requestKind":{"group":"","version":"v1","kind":"Pod"},
          "requestResource":{"group":"","version":"v1","resource":"pods"},
          "namespace":"team-apps","operation":"CREATE",
          "userInfo":{"username":"system:serviceaccount:kube-system:replicaset-controller",
            "uid":"b1c2d3e4-1111-2222-3333-444455556666",
            "groups":["system:serviceaccounts","system:serviceaccounts:kube-system","system:authenticated"]},
          "object":{"kind":"Pod","apiVersion":"v1","metadata":{
            "generateName":"service-6d4cf56db6-","namespace":"team-apps","creationTimestamp":null,
            "labels":{"app.kubernetes.io/name":"service","app.kubernetes.io/part-of":"shop",
              "pod-template-hash":"6d4cf56db6","team":"apps"},
            "annotations":{"prometheus.io/scrape":"true",
              "description":"Serves the shop's \"front\" page\nand its search"},
            "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"service-6d4cf56db6",
              "uid":"0c5e1f2a-9b1d-4a7e-8c35-7d0f3a1b2c4d","controller":true,"blockOwnerDeletion":true}],
            "managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1",
              "time":"2026-11-23T02:00:00Z","fieldsType":"FieldsV1","fieldsV1":{
                "f:metadata":{"f:annotations":{".":{},"f:description":{}},"f:generateName":{},
                  "f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:pod-template-hash":{},"f:team":{}}},
                "f:spec":{"f:containers":{\#(owned)},"f:dnsPolicy":{},"f:restartPolicy":{},
                  "f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}]},
          "spec":{
            "volumes":[{"name":"kube-api-access-x7k2p","projected":{"defaultMode":420,"sources":[
              {"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}}]}}],
            "containers":[\#(containers)],
            "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst",
            "serviceAccountName":"shop","securityContext":{"runAsNonRoot":true},"schedulerName":"default-scheduler",
            "tolerations":[
              {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
              {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],
            "priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},
          "status":{}},
          "oldObject":null,"dryRun":false,
          "options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}
        """#
    }

    private static func ownedFields(_ number: Int) -> String {
        #"""
        "k:{\"name\":\"service-\#(number)\"}":{".":{},"f:args":{},"f:env":{},"f:image":{},"f:imagePullPolicy":{},
          "f:livenessProbe":{},"f:name":{},"f:ports":{},"f:resources":{},"f:securityContext":{}}
        """#
    }

    private static func container(_ number: Int, image: String) -> String {
        #"""
        {"name":"service-\#(number)","image":"\#(image)",
          "args":["--listen=:8080","--log-format=json","--upstream=http://catalog.team-apps.svc:8080"],
          "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],
          "env":[{"name":"LANG","value":"C.UTF-8"},{"name":"SHOP_REGION","value":"eu-central-1"},
            {"name":"SHOP_TITLE","value":"Läden & Märkte"},
            {"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}],
          "resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},
          "volumeMounts":[{"name":"kube-api-access-x7k2p","readOnly":true,
            "mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],
          "livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},
            "timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},
          "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",
          "imagePullPolicy":"IfNotPresent",
          "securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true}}
        """#
    }
}
