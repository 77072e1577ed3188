import Kubernetes

enum KubeconfigTarget: FuzzTarget {
    static let name = "kubeconfig"

    static func run(_ bytes: [UInt8]) { _ = try? ClusterConfiguration(kubeconfigText: bytes) }
}
