// When an object counts as ready: by kind, or by what the program waits for.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// checkFor chooses the check for an object; nil: it is ready as soon as it is there.
func (c *cluster) checkFor(object *unstructured.Unstructured) (check, error) {
	if isAnnotated(object, annotationSkipAwait) {
		return nil, nil
	}
	if wish := annotation(object, annotationWaitFor); wish != "" {
		return checkOfWish(wish)
	}
	switch kind := object.GroupVersionKind().Group + "/" + object.GetKind(); kind {
	case "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "/Pod", "/ReplicationController", "apiextensions.k8s.io/CustomResourceDefinition":
		return byStatus, nil
	case "/Service":
		return c.checkService, nil
	case "/PersistentVolumeClaim":
		return c.checkClaim, nil
	case "/PersistentVolume":
		return byPhase("Available", "Bound"), nil
	case "batch/Job":
		return checkJob, nil
	case "networking.k8s.io/Ingress":
		return checkIngress, nil
	case "/Secret":
		return checkToken, nil
	case "/Namespace", "/ConfigMap", "/ServiceAccount":
		return nil, nil
	}
	if awaitsAll() {
		return byStatus, nil
	}
	return nil, nil
}

// byStatus reads the conditions that all controllers write alike.
func byStatus(_ context.Context, live *unstructured.Unstructured) (readinessOf, error) {
	result, err := status.Compute(live)
	if err != nil {
		return readinessOf{}, err
	}
	switch result.Status {
	case status.CurrentStatus:
		return readinessOf{}, nil
	case status.FailedStatus:
		return readinessOf{missing: result.Message, isFinal: true}, nil
	default:
		return readinessOf{missing: result.Message}, nil
	}
}

func byPhase(phases ...string) check {
	return func(_ context.Context, live *unstructured.Unstructured) (readinessOf, error) {
		phase, _, _ := unstructured.NestedString(live.Object, "status", "phase")
		for _, wanted := range phases {
			if phase == wanted {
				return readinessOf{}, nil
			}
		}
		return readinessOf{missing: fmt.Sprintf("phase %q; expected %s", phase, strings.Join(phases, " or "))}, nil
	}
}

func checkJob(_ context.Context, live *unstructured.Unstructured) (readinessOf, error) {
	for _, condition := range conditionsOf(live) {
		switch {
		case condition.status == "True" && condition.kind == "Complete":
			return readinessOf{}, nil
		case condition.status == "True" && condition.kind == "Failed":
			return readinessOf{missing: strings.TrimSpace(condition.reason + " " + condition.message), isFinal: true}, nil
		}
	}
	active, _, _ := unstructured.NestedInt64(live.Object, "status", "active")
	succeeded, _, _ := unstructured.NestedInt64(live.Object, "status", "succeeded")
	return readinessOf{missing: fmt.Sprintf("the job is not complete: %d pods active, %d succeeded", active, succeeded)}, nil
}

func checkIngress(_ context.Context, live *unstructured.Unstructured) (readinessOf, error) {
	if addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress"); len(addresses) > 0 {
		return readinessOf{}, nil
	}
	return readinessOf{missing: "no ingress controller has given it an address"}, nil
}

func checkToken(_ context.Context, live *unstructured.Unstructured) (readinessOf, error) {
	kind, _, _ := unstructured.NestedString(live.Object, "type")
	data, _, _ := unstructured.NestedMap(live.Object, "data")
	if kind == "kubernetes.io/service-account-token" && data["token"] == nil {
		return readinessOf{missing: "the token of the service account is not there yet"}, nil
	}
	return readinessOf{}, nil
}

// checkService: what it selects has to be there, or nobody could use it; one that selects nothing is ready at once.
func (c *cluster) checkService(ctx context.Context, live *unstructured.Unstructured) (readinessOf, error) {
	kind, _, _ := unstructured.NestedString(live.Object, "spec", "type")
	selector, _, _ := unstructured.NestedStringMap(live.Object, "spec", "selector")
	if kind == "LoadBalancer" {
		if addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress"); len(addresses) == 0 {
			return readinessOf{missing: "no load balancer has given it an address"}, nil
		}
	}
	if kind == "ExternalName" || len(selector) == 0 {
		return readinessOf{}, nil
	}
	slices, err := c.list(ctx, schema.GroupVersionKind{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}, live.GetNamespace(),
		metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + live.GetName()})
	if err != nil {
		return readinessOf{}, err
	}
	for _, slice := range slices {
		endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
		for _, endpoint := range endpoints {
			fields, _ := endpoint.(map[string]any)
			if ready, found, _ := unstructured.NestedBool(fields, "conditions", "ready"); ready || !found {
				return readinessOf{}, nil
			}
		}
	}
	return readinessOf{missing: "it selects no pod that is ready"}, nil
}

// checkClaim: a class that waits for the first pod binds nothing before, so there is nothing to wait for.
func (c *cluster) checkClaim(ctx context.Context, live *unstructured.Unstructured) (readinessOf, error) {
	readiness, err := byPhase("Bound")(ctx, live)
	name, _, _ := unstructured.NestedString(live.Object, "spec", "storageClassName")
	if err != nil || readiness.missing == "" || name == "" {
		return readiness, err
	}
	class := &unstructured.Unstructured{Object: map[string]any{}}
	class.SetGroupVersionKind(schema.GroupVersionKind{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"})
	class.SetName(name)
	if found, err := c.find(ctx, class); err == nil && found != nil {
		if mode, _, _ := unstructured.NestedString(found.Object, "volumeBindingMode"); mode == "WaitForFirstConsumer" {
			return readinessOf{}, nil
		}
	}
	return readiness, nil
}

func (c *cluster) list(ctx context.Context, kind schema.GroupVersionKind, namespace string, options metav1.ListOptions) ([]unstructured.Unstructured, error) {
	found, err := c.mapping(kind)
	if err != nil {
		return nil, err
	}
	list, err := c.client.Resource(found.Resource).Namespace(namespace).List(ctx, options)
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

type condition struct{ kind, status, reason, message string }

func conditionsOf(live *unstructured.Unstructured) []condition {
	var conditions []condition
	items, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, item := range items {
		fields, _ := item.(map[string]any)
		text := func(name string) string { value, _ := fields[name].(string); return value }
		conditions = append(conditions, condition{text("type"), text("status"), text("reason"), text("message")})
	}
	return conditions
}

// checkOfWish reads the annotation waitFor: one expression or a JSON list of them, all of which have to hold.
func checkOfWish(wish string) (check, error) {
	expressions := []string{wish}
	if strings.HasPrefix(strings.TrimSpace(wish), "[") {
		if err := json.Unmarshal([]byte(wish), &expressions); err != nil || len(expressions) == 0 {
			return nil, fmt.Errorf("%s: %q is not a list of texts", annotationWaitFor, wish)
		}
	}
	var checks []check
	for _, expression := range expressions {
		one, err := checkOfExpression(expression)
		if err != nil {
			return nil, err
		}
		checks = append(checks, one)
	}
	return func(ctx context.Context, live *unstructured.Unstructured) (readinessOf, error) {
		for _, one := range checks {
			if readiness, err := one(ctx, live); err != nil || readiness.missing != "" {
				return readiness, err
			}
		}
		return readinessOf{}, nil
	}, nil
}
