{{/* Labels of every object; operator/model-deployment/resources/labels.ts finds gateways by the first two of a component. */}}
{{- define "modelwright.labels" -}}
app.kubernetes.io/name: modelwright
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of every object and extra labels, which take precedence: a list of the root and the extra labels. */}}
{{- define "modelwright.labelsWith" -}}
{{- toYaml (merge (dict) (index . 1 | default dict) (include "modelwright.labels" (index . 0) | fromYaml)) }}
{{- end }}

{{/* Selector labels of a component's pods: a list of the component and the root. */}}
{{- define "modelwright.selector" -}}
app.kubernetes.io/name: modelwright
app.kubernetes.io/component: {{ index . 0 }}
app.kubernetes.io/instance: {{ (index . 1).Release.Name }}
{{- end }}

{{/* Comma-separated names of a list of references. */}}
{{- define "modelwright.names" -}}
{{- range $index, $reference := . }}{{ if $index }},{{ end }}{{ $reference.name }}{{ end -}}
{{- end }}

{{/* Kind prefix of RBAC objects: for all namespaces, or only for the watched one. */}}
{{- define "modelwright.scope" -}}
{{- if .Values.watchNamespace }}{{ else }}Cluster{{ end -}}
{{- end }}
