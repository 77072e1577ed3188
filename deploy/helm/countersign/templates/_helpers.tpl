{{/* The image, by digest where there is one. */}}
{{- define "countersign.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/*
What everything is labelled with. Names do not follow the release's: the webhook configurations have one name in a
cluster, so there is one Countersign in it.
*/}}
{{- define "countersign.labels" -}}
app.kubernetes.io/name: countersign
{{- end -}}

{{/* What selects the server's pods, and never changes. */}}
{{- define "countersign.selector" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/component: webhook
{{- end -}}

{{- define "countersign.replicas" -}}
{{- if kindIs "invalid" .Values.replicas -}}
{{- if .Values.highAvailability.enabled }}3{{ else }}1{{ end -}}
{{- else -}}
{{ .Values.replicas }}
{{- end -}}
{{- end -}}

{{/* Restricted, as the Pod Security Standards have it; the user is the image's. */}}
{{- define "countersign.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
# Lets the user above read the token that is mounted, on Kubernetes of old too.
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "countersign.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
# It writes nothing: no volume is needed.
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}
