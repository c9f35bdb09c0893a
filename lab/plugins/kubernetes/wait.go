// Waiting until an object is ready, with a limit and with the reason when it is not.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 1500 * time.Millisecond
)

func nextPause(pause time.Duration) time.Duration {
	return min(2*pause, lastPause)
}

func sleep(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// notReady is the end of a wait without success.
type notReady struct {
	what    string
	reasons []string
}

func (n *notReady) Error() string { return n.what }

// readinessOf is what is still missing; nothing is missing of a ready object.
type readinessOf struct {
	missing string
	// isFinal: it will not become ready by waiting.
	isFinal bool
}

// check looks at an object, and around it, once.
type check func(ctx context.Context, live *unstructured.Unstructured) (readinessOf, error)

// await gives the object as it was seen last, ready or not: it has to be recorded in either case.
func (p *provider) await(ctx context.Context, connected *cluster, urn string, object, applied *unstructured.Unstructured, timeout time.Duration) (*unstructured.Unstructured, error) {
	client, err := connected.resource(applied)
	if err != nil {
		return applied, err
	}
	isReady, err := connected.checkFor(object)
	if err != nil {
		return applied, err
	}
	if isReady == nil {
		return applied, nil
	}
	live, said := applied, ""
	deadline := time.Now().Add(timeout)
	for pause := firstPause; ; pause = nextPause(pause) {
		readiness, err := look(ctx, client, &live, isReady)
		switch {
		case err != nil && ctx.Err() == nil && apierrors.IsNotFound(err):
			return live, &notReady{what: "it was deleted while its readiness was waited for"}
		case err != nil && ctx.Err() == nil:
			readiness = readinessOf{missing: "the API server does not answer: " + err.Error()}
		case err == nil && readiness.missing == "":
			p.log.status(ctx, urn, "")
			return live, nil
		}
		if readiness.missing != "" && readiness.missing != said {
			p.log.status(ctx, urn, "waits: "+readiness.missing)
			said = readiness.missing
		}
		switch {
		case ctx.Err() != nil:
			return live, &notReady{what: "the wait for its readiness was cancelled (" + said + ")"}
		case readiness.isFinal:
			return live, &notReady{what: "it failed: " + readiness.missing, reasons: connected.reasons(ctx, live)}
		case time.Now().After(deadline):
			return live, &notReady{what: fmt.Sprintf("it was not ready after %s: %s", timeout, said), reasons: connected.reasons(ctx, live)}
		}
		sleep(ctx, min(pause, time.Until(deadline)+time.Millisecond))
	}
}

func look(ctx context.Context, client dynamic.ResourceInterface, live **unstructured.Unstructured, isReady check) (readinessOf, error) {
	seen, err := client.Get(ctx, (*live).GetName(), metav1.GetOptions{})
	if err != nil {
		return readinessOf{}, err
	}
	*live = seen
	return isReady(ctx, seen)
}

// readiness looks once, for a refresh: an object that was not ready stays noted as such.
func (p *provider) readiness(ctx context.Context, connected *cluster, object, live *unstructured.Unstructured) error {
	isReady, err := connected.checkFor(object)
	if err != nil || isReady == nil {
		return err
	}
	readiness, err := isReady(ctx, live)
	if err == nil && readiness.missing != "" {
		err = &notReady{what: readiness.missing, reasons: connected.reasons(ctx, live)}
	}
	var waiting *notReady
	if errors.As(err, &waiting) {
		return waiting
	}
	// What could not be asked is no fault of the object.
	return nil
}
