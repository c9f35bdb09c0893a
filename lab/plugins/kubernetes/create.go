// Create and Update: apply, then wait until the object is ready.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// applyPauses are the waits before a namespace or a definition that is not there yet is looked for again: both may be made at this moment.
var applyPauses = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}

func (p *provider) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs, err := fromEngine(request.GetProperties())
	if err != nil {
		return nil, err
	}
	object := toObject(inputs)
	manager := makeManager(request.GetUrn(), object)
	ctx, cancel := p.during(ctx)
	defer cancel()
	if request.GetPreview() {
		outputs, err := p.previewCreate(ctx, request.GetUrn(), inputs, object, manager)
		if err != nil {
			return nil, redact(err, inputs)
		}
		return &pulumirpc.CreateResponse{Properties: outputs}, nil
	}
	connected, err := p.reach()
	if err != nil {
		return nil, err
	}
	applied, err := p.applyNew(ctx, connected, request.GetUrn(), object, manager)
	if err != nil {
		return nil, redact(fmt.Errorf("%s %s was not created: %w", object.GetKind(), objectID(object), err), inputs)
	}
	live, waitErr := p.await(ctx, connected, request.GetUrn(), object, applied, timeoutOf(request.GetTimeout(), object))
	outputs, err := stateOf(inputs, live, manager)
	if err != nil {
		return nil, err
	}
	if waitErr != nil {
		return nil, unready(objectID(live), "was created, but did not become ready", waitErr, outputs, nil, inputs)
	}
	return &pulumirpc.CreateResponse{Id: objectID(live), Properties: outputs}, nil
}

// applyNew refuses an object that is there already, unless an update of this very resource made it and was killed.
func (p *provider) applyNew(ctx context.Context, connected *cluster, urn string, object *unstructured.Unstructured, manager string) (*unstructured.Unstructured, error) {
	for attempt := 0; ; attempt++ {
		found, err := connected.find(ctx, object)
		if err == nil && found != nil && !isOwn(found, manager) && !p.isOn("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS") {
			return nil, fmt.Errorf("it already exists in the cluster, and this stack did not make it: import it (the option `import: %q`), "+
				"choose another name, or set upsertExistingObjects of the provider to take it over", objectID(found))
		}
		if err == nil && found != nil && found.GetDeletionTimestamp() != nil {
			p.log.status(ctx, urn, "waits for the deletion of the object that had this name")
			err = apierrors.NewNotFound(metav1.SchemeGroupVersion.WithResource(object.GetKind()).GroupResource(), object.GetName()+" (it is being deleted)")
		} else if err == nil {
			var applied *unstructured.Unstructured
			if applied, err = connected.apply(ctx, object, applyOptions{manager: manager, force: p.isForced(object)}); err == nil {
				return applied, nil
			}
		}
		if attempt == len(applyPauses) || !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
			return nil, explainMissing(err)
		}
		p.log.status(ctx, urn, fmt.Sprintf("tries again in %s: %s", applyPauses[attempt], explainMissing(err)))
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("cancelled while waiting: %w", explainMissing(err))
		case <-time.After(applyPauses[attempt]):
		}
	}
}

func explainMissing(err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("the cluster does not know this kind of object; is the CustomResourceDefinition or the operator that brings it installed? (%w)", err)
	}
	return err
}

// find gives nil for an object that is not there.
func (c *cluster) find(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	client, err := c.resource(object)
	if err != nil {
		return nil, err
	}
	found, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}

func isOwn(found *unstructured.Unstructured, manager string) bool {
	return len(fieldsOf(found, func(name string) bool { return name == manager })) > 0
}

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
	if request.GetPreview() && (err != nil || hasUnknown(object.Object)) {
		return &pulumirpc.UpdateResponse{Properties: request.GetNews()}, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := connected.find(ctx, object)
	if err != nil {
		return nil, redact(explainMissing(err), inputs)
	}
	if found == nil {
		p.log.warn(ctx, request.GetUrn(), "the object is not in the cluster any more and is made again; `pulumi refresh` shows such changes beforehand")
	} else {
		leaveIgnored(object, found, request.GetIgnoreChanges(), manager)
	}
	applied, err := connected.apply(ctx, object, applyOptions{manager: manager, force: p.isForced(object), dryRun: request.GetPreview()})
	if err != nil {
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

// unready tells the engine that the object is there but not yet what it should be: it is recorded, and the next update waits again.
func unready(id, what string, why error, state, recorded *structpb.Struct, inputs resource.PropertyMap) error {
	// The engine shows the reasons alone.
	reasons := []string{redact(fmt.Errorf("%s %s: %w", id, what, why), inputs).Error()}
	if waiting, ok := why.(*notReady); ok {
		for _, reason := range waiting.reasons {
			reasons = append(reasons, redact(errors.New(reason), inputs).Error())
		}
	}
	return rpcerror.WithDetails(
		rpcerror.New(codes.Unknown, reasons[0]),
		&pulumirpc.ErrorResourceInitFailed{Id: id, Properties: state, Inputs: recorded, Reasons: reasons},
	)
}
