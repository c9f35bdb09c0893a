// Update: apply to what is there, then wait as after a creation.
package main

import (
	"context"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func (p *provider) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	state, err := fromEngine(request.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := fromEngine(request.GetNews())
	if err != nil {
		return nil, err
	}
	object := toObject(inputs)
	p.alignNamespaces(object)
	manager := managerOf(state)
	if wish := annotation(object, annotationManager); wish != "" || manager == "" {
		manager = makeManager(request.GetUrn(), object)
	}
	ctx, cancel := p.during(ctx)
	defer cancel()
	connected, err := p.reach()
	asAsked := func() (*pulumirpc.UpdateResponse, error) {
		outputs, err := previewState(inputs, withIdentity(object, toObject(state)), false)
		return &pulumirpc.UpdateResponse{Properties: outputs}, err
	}
	if request.GetPreview() && (err != nil || hasUnknown(object.Object)) {
		return asAsked()
	}
	if err != nil {
		return nil, err
	}
	found, err := connected.find(ctx, object)
	if err != nil && !(request.GetPreview() && isTooEarly(err)) {
		return nil, redact(explainMissing(err), inputs)
	}
	switch {
	case err != nil:
	case found == nil:
		p.log.warn(ctx, request.GetUrn(), "the object is not in the cluster any more and is made again; `pulumi refresh` shows such changes beforehand")
	default:
		leaveIgnored(object, found, request.GetIgnoreChanges(), manager)
	}
	options := applyOptions{manager: manager, force: p.isForced(object), dryRun: request.GetPreview()}
	apply := func() (*unstructured.Unstructured, error) { return connected.apply(ctx, object, options) }
	var applied *unstructured.Unstructured
	if options.dryRun {
		applied, err = apply()
	} else {
		applied, err = p.patiently(ctx, request.GetUrn(), apply)
	}
	switch {
	case err != nil && options.dryRun && isTooEarly(err):
		return asAsked()
	case err != nil:
		return nil, redact(fmt.Errorf("%s %s was not updated: %w", object.GetKind(), objectID(object), err), inputs)
	}
	if request.GetPreview() {
		outputs, err := previewState(inputs, applied, false)
		return &pulumirpc.UpdateResponse{Properties: outputs}, err
	}
	live, waitErr := p.await(ctx, connected, request.GetUrn(), object, applied, timeoutOf(request.GetTimeout(), object))
	outputs, err := stateOf(inputs, live, manager)
	if err != nil {
		return nil, err
	}
	if waitErr != nil {
		return nil, unready(objectID(live), "was updated, but did not become ready", waitErr, outputs, nil, inputs)
	}
	if former := managerOf(state); former != "" && former != manager {
		if err := connected.relinquish(ctx, live, former); err != nil {
			return nil, redact(err, inputs)
		}
	}
	return &pulumirpc.UpdateResponse{Properties: outputs}, nil
}

// withIdentity completes an object of which only the program's side is known by what no update changes.
func withIdentity(object, live *unstructured.Unstructured) *unstructured.Unstructured {
	for parent, fields := range map[string][]string{"metadata": {"uid", "creationTimestamp"}, "spec": allocated} {
		values, _ := object.Object[parent].(map[string]any)
		known, _ := live.Object[parent].(map[string]any)
		for _, field := range fields {
			if values != nil && values[field] == nil && known[field] != nil {
				values[field] = known[field]
			}
		}
	}
	return object
}
