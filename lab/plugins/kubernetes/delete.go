// Delete: the object and what hangs on it, until it is really gone.
package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

func (p *provider) Delete(ctx context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	state, err := fromEngine(request.GetProperties())
	if err != nil {
		return nil, err
	}
	object := toObject(state)
	connected, err := p.reach()
	if err != nil {
		p.log.warn(ctx, request.GetUrn(), err.Error())
		if p.isOn("deleteUnreachable", environmentUnreachable) {
			p.log.info(ctx, request.GetUrn(), "deleteUnreachable is set: the resource is dropped from the state")
			return &emptypb.Empty{}, nil
		}
		return nil, fmt.Errorf("%w; %s", err, unreachableRemedy)
	}
	ctx, cancel := p.during(ctx)
	defer cancel()
	if object.GetName() == "" {
		if object, err = p.fromID(request, state); err != nil {
			return nil, err
		}
	}
	if err := p.remove(ctx, connected, request, object, managerOf(state)); err != nil && !isNoMatch(err) && !errors.IsNotFound(err) {
		return nil, redact(err, state)
	}
	return &emptypb.Empty{}, nil
}

func (p *provider) fromID(request *pulumirpc.DeleteRequest, state resource.PropertyMap) (*unstructured.Unstructured, error) {
	object, _, err := p.wanted(&pulumirpc.ReadRequest{Id: request.GetId(), Urn: request.GetUrn()}, resource.PropertyMap{}, state)
	return object, err
}

func (p *provider) remove(ctx context.Context, connected *cluster, request *pulumirpc.DeleteRequest, object *unstructured.Unstructured, manager string) error {
	client, err := connected.resource(object)
	if err != nil {
		return err
	}
	live, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	propagation := propagationOf(object)
	err = client.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &propagation})
	if errors.IsForbidden(err) && manager != "" && isOwn(live, manager) {
		// Some objects (the namespace default) cannot be deleted: what this program set on it is given up.
		p.log.warn(ctx, request.GetUrn(), fmt.Sprintf("the API server forbids to delete it, so only the program's fields are given up: %s", err))
		return connected.relinquish(ctx, live, manager)
	}
	if err != nil || skipsDeletion(object) {
		return err
	}
	return p.awaitGone(ctx, client, request.GetUrn(), object, live.GetUID(), timeoutOf(request.GetTimeout(), object))
}

// skipsDeletion: for these kinds the official plugin takes skipAwait to hold for the deletion too.
func skipsDeletion(object *unstructured.Unstructured) bool {
	switch object.GetKind() {
	case "Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job":
		return isAnnotated(object, annotationSkipAwait)
	}
	return false
}

func (p *provider) awaitGone(ctx context.Context, client dynamic.ResourceInterface, urn string, object *unstructured.Unstructured, uid types.UID, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	holder, said := "", ""
	for pause := firstPause; ; pause = nextPause(pause) {
		live, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
		switch {
		case errors.IsNotFound(err), err == nil && live.GetUID() != uid:
			p.log.status(ctx, urn, "")
			return nil
		case err == nil:
			holder = whatHolds(live)
		case ctx.Err() == nil:
			holder = "the API server does not answer: " + err.Error()
		}
		if holder != said {
			p.log.status(ctx, urn, "waits for the deletion: "+holder)
			said = holder
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s %s is being deleted; the wait for its end was cancelled (%s)", object.GetKind(), objectID(object), holder)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s %s was not gone after %s: %s", object.GetKind(), objectID(object), timeout, holder)
		}
		sleep(ctx, min(pause, time.Until(deadline)+time.Millisecond))
	}
}

// whatHolds tells what an object that is being deleted waits for.
func whatHolds(live *unstructured.Unstructured) string {
	var held []string
	if finalizers := live.GetFinalizers(); len(finalizers) > 0 {
		held = append(held, "finalizers "+strings.Join(finalizers, ", "))
	}
	if live.GetKind() == "Namespace" {
		for _, condition := range conditionsOf(live) {
			if condition.status == "True" && condition.message != "" {
				held = append(held, condition.message)
			}
		}
	}
	if seconds := live.GetDeletionGracePeriodSeconds(); seconds != nil && *seconds > 0 {
		held = append(held, fmt.Sprintf("its grace period of %d s", *seconds))
	}
	if len(held) == 0 {
		return "the cluster has not removed it yet"
	}
	return strings.Join(held, "; ")
}
