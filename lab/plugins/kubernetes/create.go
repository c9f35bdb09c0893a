// Create: apply, then wait until the object is ready.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// applyPauses are the waits before an apply is tried again: a namespace, a definition or the service of a webhook may come up at this moment.
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
	return p.patiently(ctx, urn, func() (*unstructured.Unstructured, error) {
		// What was not known at Check may be by now: whether the kind has namespaces.
		p.alignNamespaces(object)
		found, err := connected.find(ctx, object)
		switch {
		case err != nil:
			return nil, err
		case found != nil && found.GetDeletionTimestamp() != nil:
			return nil, errBeingDeleted
		case found != nil && !isOwn(found, manager) && !p.isOn("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"):
			return nil, fmt.Errorf("it already exists in the cluster, and this stack did not make it: import it (the option `import: %q`), "+
				"choose another name, or set upsertExistingObjects of the provider to take it over", objectID(found))
		}
		return connected.apply(ctx, object, applyOptions{manager: manager, force: p.isForced(object)})
	})
}

var errBeingDeleted = errors.New("an object of this name is still being deleted")

// patiently tries again as long as what is missing may be on its way.
func (p *provider) patiently(ctx context.Context, urn string, try func() (*unstructured.Unstructured, error)) (*unstructured.Unstructured, error) {
	for attempt := 0; ; attempt++ {
		applied, err := try()
		if err == nil {
			return applied, nil
		}
		err = explainMissing(err)
		if attempt == len(applyPauses) || !isPassing(err) {
			return nil, err
		}
		p.log.status(ctx, urn, fmt.Sprintf("tries again in %s: %s", applyPauses[attempt], err))
		sleep(ctx, applyPauses[attempt])
		if ctx.Err() != nil {
			return nil, fmt.Errorf("cancelled while waiting: %w", err)
		}
	}
}

// isPassing: what was asked for, or what it needs, may come with the same update.
func isPassing(err error) bool {
	isWebhookDown := apierrors.IsInternalError(err) && strings.Contains(err.Error(), "failed calling webhook")
	return isWebhookDown || errors.Is(err, errBeingDeleted) || apierrors.IsNotFound(err) || isNoMatch(err) ||
		apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err)
}

func isNoMatch(err error) bool {
	var resource *meta.NoResourceMatchError
	var kind *meta.NoKindMatchError
	return errors.As(err, &resource) || errors.As(err, &kind)
}

func explainMissing(err error) error {
	if isNoMatch(err) {
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
