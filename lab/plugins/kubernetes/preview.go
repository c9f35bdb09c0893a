// What a preview can tell of an object that is not made yet: the API server's answer to a dry run, without what only a real run decides.
package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// allocated are a Service's fields that the cluster gives out; a dry run gives out others.
var allocated = []string{"clusterIP", "clusterIPs"}

func (p *provider) previewCreate(ctx context.Context, urn string, inputs resource.PropertyMap, object *unstructured.Unstructured, manager string) (*structpb.Struct, error) {
	asAsked := func() (*structpb.Struct, error) { return previewState(inputs, object, true) }
	connected, err := p.reach()
	if err != nil {
		p.log.warnOnce(ctx, "", err.Error()+"; the preview shows only what the program says")
		return asAsked()
	}
	if hasUnknown(object.Object) {
		return asAsked()
	}
	found, err := connected.find(ctx, object)
	if err != nil {
		if isTooEarly(err) {
			return asAsked()
		}
		return nil, err
	}
	if found != nil {
		// It may be the one that this resource replaces, or that another resource of the program gives up: only the update will tell.
		if !isOwn(found, manager) && !p.isReplaced(string(found.GetUID())) && !p.isOn("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS") {
			p.log.warn(ctx, urn, fmt.Sprintf("%s %s already exists in the cluster, and this resource did not make it: if it is still there at the update, the update refuses it",
				object.GetKind(), objectID(found)))
		}
		return asAsked()
	}
	applied, err := connected.apply(ctx, object, applyOptions{manager: manager, force: true, dryRun: true})
	switch {
	case err != nil && isTooEarly(err):
		return asAsked()
	case err != nil:
		return nil, fmt.Errorf("%s %s would not be created: %w", object.GetKind(), objectID(object), err)
	}
	return previewState(inputs, applied, true)
}

// isTooEarly: its namespace or its kind may come with the same update; who may not ask may still see the program's side; and some webhooks take no dry run.
func isTooEarly(err error) bool {
	noDryRun := errors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
	return noDryRun || errors.IsNotFound(err) || isNoMatch(err) || errors.IsForbidden(err)
}

// previewState marks as unknown what the program does not say and only a real run decides; applied is the API server's answer to a dry run, or the program's side alone.
func previewState(inputs resource.PropertyMap, applied *unstructured.Unstructured, isNew bool) (*structpb.Struct, error) {
	outputs, given := applied, toObject(inputs)
	hide := func(fields []string, parent string) {
		values, _ := outputs.Object[parent].(map[string]any)
		for _, field := range fields {
			_, isGiven, _ := unstructured.NestedFieldNoCopy(given.Object, parent, field)
			if values != nil && !isGiven {
				values[field] = unknown{}
			}
		}
	}
	if isNew {
		hide([]string{"uid", "creationTimestamp"}, "metadata")
		if outputs.GetKind() == "Service" && outputs.GetAPIVersion() == "v1" {
			hide(allocated, "spec")
			hidePorts(outputs)
		}
	}
	hide([]string{"resourceVersion", "generation", "managedFields"}, "metadata")
	// A missing field is one that the engine does not know yet.
	unstructured.RemoveNestedField(outputs.Object, "status")
	properties := toProperties(outputs)
	markSecrets(properties, inputs)
	return toEngine(properties)
}

func hidePorts(service *unstructured.Unstructured) {
	ports, _, _ := unstructured.NestedFieldNoCopy(service.Object, "spec", "ports")
	items, _ := ports.([]any)
	for _, item := range items {
		if port, ok := item.(map[string]any); ok && port["nodePort"] != nil {
			port["nodePort"] = unknown{}
		}
	}
}
