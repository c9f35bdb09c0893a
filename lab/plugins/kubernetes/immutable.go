// The fields that Kubernetes does not change in place: another value makes another object.
package main

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// immutableFields are those that the official plugin replaces for, by group and kind.
var immutableFields = map[string][]string{
	"apps/DaemonSet":   {"spec.selector"},
	"apps/Deployment":  {"spec.selector"},
	"apps/StatefulSet": {"spec.podManagementPolicy", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"},
	"batch/Job":        {"spec.completions", "spec.selector", "spec.template"},
	"rbac.authorization.k8s.io/ClusterRoleBinding": {"roleRef"},
	"rbac.authorization.k8s.io/RoleBinding":        {"roleRef"},
	"storage.k8s.io/StorageClass":                  {"parameters", "provisioner"},
	"/PersistentVolumeClaim":                       {"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"},
	"/ResourceQuota":                               {"spec.scopes"},
	"/Service":                                     {"spec.clusterIP"},
	"/PersistentVolume":                            {"spec.csi", "spec.hostPath", "spec.local", "spec.nfs", "spec.iscsi", "spec.fc"},
	"/Pod": {
		"spec.affinity", "spec.automountServiceAccountToken", "spec.dnsConfig", "spec.dnsPolicy", "spec.enableServiceLinks",
		"spec.hostAliases", "spec.hostIPC", "spec.hostNetwork", "spec.hostPID", "spec.hostname", "spec.imagePullSecrets",
		"spec.nodeName", "spec.nodeSelector", "spec.overhead", "spec.preemptionPolicy", "spec.priority", "spec.priorityClassName",
		"spec.readinessGates", "spec.restartPolicy", "spec.runtimeClassName", "spec.schedulerName", "spec.securityContext",
		"spec.serviceAccount", "spec.serviceAccountName", "spec.shareProcessNamespace", "spec.subdomain",
		"spec.terminationGracePeriodSeconds", "spec.volumes", "spec.containers", "spec.initContainers",
	},
}

// immutableOf lists the fields for one object. ConfigMaps and Secrets are replaced unless the settings say otherwise, so that what uses them notices.
func (p *provider) immutableOf(object *unstructured.Unstructured) []string {
	fields := []string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}
	isFixed, _, _ := unstructured.NestedBool(object.Object, "immutable")
	switch {
	case isSecret(object):
		if isFixed || !p.isOn("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE") {
			return append(fields, "type", "stringData", "data")
		}
		return append(fields, "type")
	case object.GetKind() == "ConfigMap" && object.GetAPIVersion() == "v1":
		if isFixed || !p.isOn("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE") {
			return append(fields, "binaryData", "data")
		}
		return fields
	}
	return append(fields, immutableFields[object.GroupVersionKind().Group+"/"+object.GetKind()]...)
}

// refusals are how the API server says that a field keeps its value for good.
var refusals = []string{"field is immutable", "may not be changed in an update"}

// keepers are built-in kinds that data hangs on: another object for a word of the API server would be a loss.
var keepers = []string{"PersistentVolume", "PersistentVolumeClaim", "StatefulSet", "Namespace", "CustomResourceDefinition"}

// refusedFields reads from the API server's answer which fields of a built-in kind cannot be changed in place.
// Custom resources are never replaced for such an answer: what they stand for may hold data.
func refusedFields(err error, object *unstructured.Unstructured) []string {
	group := object.GroupVersionKind().Group
	isBuiltIn := !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
	status, ok := err.(errors.APIStatus)
	if !ok || !isBuiltIn || slices.Contains(keepers, object.GetKind()) || !errors.IsInvalid(err) || status.Status().Details == nil {
		return nil
	}
	var fields []string
	for _, cause := range status.Status().Details.Causes {
		isRefused := slices.ContainsFunc(refusals, func(text string) bool { return strings.Contains(cause.Message, text) })
		if isRefused && cause.Field != "" {
			fields = append(fields, cause.Field)
		}
	}
	return fields
}
