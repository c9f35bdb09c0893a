// Why an object is not ready: its own conditions, its pods, and the warnings that controllers wrote about it.
package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// maxReasons of each sort: a hundred pods mostly have one trouble.
const maxReasons = 5

func (c *cluster) reasons(ctx context.Context, live *unstructured.Unstructured) []string {
	var reasons []string
	for _, condition := range conditionsOf(live) {
		isBad := condition.status == "False" || condition.kind == "ReplicaFailure"
		if isBad && condition.message != "" {
			reasons = append(reasons, fmt.Sprintf("%s %s: %s", condition.kind, condition.status, condition.message))
		}
	}
	reasons = append(reasons, c.reasonsOfPods(ctx, live)...)
	return append(reasons, c.warnings(ctx, live)...)
}

func (c *cluster) reasonsOfPods(ctx context.Context, live *unstructured.Unstructured) []string {
	selector, _, _ := unstructured.NestedStringMap(live.Object, "spec", "selector", "matchLabels")
	if live.GetKind() == "Service" {
		selector, _, _ = unstructured.NestedStringMap(live.Object, "spec", "selector")
	}
	pods := []unstructured.Unstructured{}
	switch {
	case live.GetKind() == "Pod":
		pods = append(pods, *live)
	case len(selector) > 0:
		pods, _ = c.list(ctx, schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, live.GetNamespace(),
			metav1.ListOptions{LabelSelector: labels.SelectorFromSet(selector).String()})
	}
	var reasons []string
	for _, pod := range pods {
		if trouble := troubleOfPod(&pod); trouble != "" && len(reasons) < maxReasons {
			reasons = append(reasons, fmt.Sprintf("Pod %s: %s", objectID(&pod), trouble))
		}
	}
	return reasons
}

func troubleOfPod(pod *unstructured.Unstructured) string {
	var troubles []string
	for _, condition := range conditionsOf(pod) {
		if condition.status == "False" && condition.message != "" && condition.kind != "ContainersReady" {
			troubles = append(troubles, condition.message)
		}
	}
	for _, field := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", field)
		for _, item := range statuses {
			container, _ := item.(map[string]any)
			for _, state := range []string{"waiting", "terminated"} {
				reason, _, _ := unstructured.NestedString(container, "state", state, "reason")
				message, _, _ := unstructured.NestedString(container, "state", state, "message")
				if reason != "" && reason != "Completed" {
					troubles = append(troubles, strings.TrimSpace(fmt.Sprintf("container %v: %s %s", container["name"], reason, message)))
				}
			}
		}
	}
	slices.Sort(troubles)
	return strings.Join(slices.Compact(troubles), "; ")
}

// warnings are the newest of each text.
func (c *cluster) warnings(ctx context.Context, live *unstructured.Unstructured) []string {
	events, err := c.list(ctx, schema.GroupVersionKind{Version: "v1", Kind: "Event"}, live.GetNamespace(),
		metav1.ListOptions{FieldSelector: "type=Warning,involvedObject.uid=" + string(live.GetUID())})
	if err != nil || live.GetNamespace() == "" {
		return nil
	}
	var texts []string
	for _, event := range slices.Backward(events) {
		reason, _, _ := unstructured.NestedString(event.Object, "reason")
		message, _, _ := unstructured.NestedString(event.Object, "message")
		text := strings.TrimSpace(reason + ": " + message)
		if !slices.Contains(texts, text) && len(texts) < maxReasons {
			texts = append(texts, text)
		}
	}
	return texts
}
