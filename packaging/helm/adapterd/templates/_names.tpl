{{- define "adapterd.name" -}}
{{- if contains "adapterd" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-adapterd" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "adapterd.selector" -}}
app.kubernetes.io/name: adapterd
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "adapterd.labels" -}}
{{ include "adapterd.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "adapterd.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "adapterd.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{- define "adapterd.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* What a probe asks: the program inside the pod where the admin server listens there alone, else the server, whose probes need no token. */}}
{{- define "adapterd.probe" -}}
{{- if .root.Values.admin.tokenSecret -}}
httpGet:
  path: {{ if .live }}/livez{{ else }}/readyz{{ end }}
  port: admin
{{- else -}}
exec:
  command: ["/usr/bin/adapterd", "health", "--admin=127.0.0.1:{{ .root.Values.admin.port }}", "--timeout=4s"{{ if .live }}, "--live"{{ end }}]
{{- end }}
{{- end }}
