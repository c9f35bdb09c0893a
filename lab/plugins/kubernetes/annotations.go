// The annotations by which a program steers the provider, and their defaults.
package main

import (
	"os"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	annotationAutonamed    = "pulumi.com/autonamed"
	annotationSkipAwait    = "pulumi.com/skipAwait"
	annotationTimeout      = "pulumi.com/timeoutSeconds"
	annotationWaitFor      = "pulumi.com/waitFor"
	annotationForce        = "pulumi.com/patchForce"
	annotationManager      = "pulumi.com/patchFieldManager"
	annotationPropagation  = "pulumi.com/deletionPropagationPolicy"
	defaultTimeout         = 10 * time.Minute
	defaultTimeoutOfPods   = 5 * time.Minute
	environmentAwaitAll    = "PULUMI_K8S_AWAIT_ALL"
	environmentUnreachable = "PULUMI_K8S_DELETE_UNREACHABLE"
)

func annotation(object *unstructured.Unstructured, name string) string {
	return object.GetAnnotations()[name]
}

func isAnnotated(object *unstructured.Unstructured, name string) bool {
	return annotation(object, name) == "true"
}

// timeoutOf: the resource option customTimeouts goes before the annotation, which goes before the default of the kind.
func timeoutOf(option float64, object *unstructured.Unstructured) time.Duration {
	if option > 0 {
		return time.Duration(option * float64(time.Second))
	}
	if seconds, err := strconv.Atoi(annotation(object, annotationTimeout)); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	switch object.GetKind() {
	case "Pod", "PersistentVolumeClaim", "PersistentVolume", "ReplicationController":
		return defaultTimeoutOfPods
	}
	return defaultTimeout
}

func propagationOf(object *unstructured.Unstructured) metav1.DeletionPropagation {
	switch strings.ToLower(annotation(object, annotationPropagation)) {
	case "orphan":
		return metav1.DeletePropagationOrphan
	case "background":
		return metav1.DeletePropagationBackground
	default:
		return metav1.DeletePropagationForeground
	}
}

func awaitsAll() bool {
	return os.Getenv(environmentAwaitAll) == "true"
}
