{{/* Name of the chart, as a label. */}}
{{- define "gantry.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Prefix of the names of all objects: the release's name, with the chart's in it. Room is left for suffixes. */}}
{{- define "gantry.fullname" -}}
{{- $name := include "gantry.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that select the operator's pods; they never change. */}}
{{- define "gantry.selectorLabels" -}}
app.kubernetes.io/name: {{ include "gantry.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of all objects. */}}
{{- define "gantry.labels" -}}
{{ include "gantry.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "gantry.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "gantry.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The operator as the subject of a binding. */}}
{{- define "gantry.subject" -}}
- kind: ServiceAccount
  name: {{ include "gantry.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* Joining hosts as the subject of a binding: the group of Gantry's bootstrap tokens, crds/src/names.rs. */}}
{{- define "gantry.bootstrappers" -}}
- kind: Group
  name: system:bootstrappers:gantry
  apiGroup: rbac.authorization.k8s.io
{{- end -}}

{{- define "gantry.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/*
How pods come to their nodes, as the operator's flag says it. An upgrade that keeps the values of an older chart lacks the values. Pods are
let in before others only where the admission policy holds the operator to that.
*/}}
{{- define "gantry.nomination" -}}
{{- $nomination := default dict .Values.nomination -}}
{{- if not (dig "enabled" true $nomination) -}}off
{{- else if and (dig "reserve" true $nomination) .Values.admissionPolicies -}}reserve
{{- else -}}on
{{- end -}}
{{- end }}
