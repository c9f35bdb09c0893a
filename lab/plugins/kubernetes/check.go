// Check: what a program asks for, completed by the name and the namespace that it left out.
package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// suffixLength and suffixLetters make the random end of a name that the program left out.
const suffixLength = 8

var suffixLetters = []rune("abcdefghijklmnopqrstuvwxyz0123456789")

func (p *provider) Check(ctx context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	urn := resource.URN(request.GetUrn())
	before, err := fromEngine(request.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := fromEngine(request.GetNews())
	if err != nil {
		return nil, err
	}
	if p.skipsUnreachable() {
		p.log.warnOnce(ctx, "", "the cluster is unreachable and skipUpdateUnreachable is set: nothing is changed")
		return &pulumirpc.CheckResponse{Inputs: request.GetOlds()}, nil
	}
	object := toObject(inputs)
	if err := refuse(urn, object); err != nil {
		return nil, err
	}
	if failures := validate(object); len(failures) > 0 {
		return &pulumirpc.CheckResponse{Inputs: request.GetNews(), Failures: failures}, nil
	}
	if err := assignName(inputs, object, toObject(before), request); err != nil {
		return nil, err
	}
	if connected, err := p.reach(); err == nil {
		if isDefinition(object) {
			connected.define(object)
		}
		if object.GetNamespace() == "" && !hasUnknown(object.Object["metadata"]) {
			namespaced, err := connected.isNamespaced(object.GroupVersionKind())
			if err != nil {
				return nil, err
			}
			if namespaced {
				setMetadata(inputs, "namespace", resource.NewStringProperty(connected.namespace))
			}
		}
	}
	markSecrets(inputs, nil)
	checked, err := toEngine(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: checked}, nil
}

func (p *provider) skipsUnreachable() bool {
	_, err := p.reach()
	return err != nil && p.isOn("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE")
}

// refuse names the kinds of resource that only the official plugin has.
func refuse(urn resource.URN, object *unstructured.Unstructured) error {
	token := string(urn.Type())
	kind := token[strings.LastIndex(token, ":")+1:]
	switch {
	case strings.HasPrefix(token, "kubernetes:helm.sh/"), strings.HasPrefix(token, "kubernetes:kustomize"), strings.HasPrefix(token, "kubernetes:yaml"):
		return notOffered("the resource " + token)
	case strings.HasSuffix(kind, "Patch") && object.GetKind() != kind:
		return notOffered("the Patch resource " + token)
	case strings.HasSuffix(kind, "List") && object.Object["items"] != nil:
		return fmt.Errorf("a list (%s) cannot be created; write each of its items as a resource", kind)
	}
	return nil
}

func validate(object *unstructured.Unstructured) []*pulumirpc.CheckFailure {
	var failures []*pulumirpc.CheckFailure
	fail := func(property, reason string) {
		failures = append(failures, &pulumirpc.CheckFailure{Property: property, Reason: reason})
	}
	for _, field := range []string{"apiVersion", "kind"} {
		if text, ok := object.Object[field].(string); !ok || text == "" {
			fail(field, "expected a text that is known at preview")
		}
	}
	switch metadata := object.Object["metadata"].(type) {
	case nil, map[string]any, unknown:
	default:
		fail("metadata", fmt.Sprintf("expected an object, got %T", metadata))
	}
	if object.GetGenerateName() != "" && object.GetName() == "" {
		fail("metadata.generateName", "is not supported by server-side apply; leave out both names, and one is made from the resource's name")
	}
	return failures
}

// assignName completes a name that is missing: the one that an earlier run made, else a new one.
func assignName(inputs resource.PropertyMap, object, before *unstructured.Unstructured, request *pulumirpc.CheckRequest) error {
	metadata, _ := object.Object["metadata"].(map[string]any)
	if _, isUnknown := object.Object["metadata"].(unknown); isUnknown || metadata["name"] != nil && metadata["name"] != "" {
		return nil
	}
	name := before.GetName()
	if name == "" || !isAnnotated(before, annotationAutonamed) {
		made, err := makeName(request)
		if err != nil {
			return err
		}
		name = made
	}
	setMetadata(inputs, "name", resource.NewStringProperty(name))
	annotations := resource.PropertyMap{}
	if given, ok := inputs["metadata"].ObjectValue()["annotations"]; ok {
		if !given.IsObject() {
			// A secret or unknown map of annotations stays as it is; the mark is for convenience.
			return nil
		}
		annotations = given.ObjectValue().Copy()
	}
	annotations[annotationAutonamed] = resource.NewStringProperty("true")
	setMetadata(inputs, "annotations", resource.NewObjectProperty(annotations))
	return nil
}

func makeName(request *pulumirpc.CheckRequest) (string, error) {
	if wish := request.GetAutonaming(); wish != nil {
		switch wish.GetMode() {
		case pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
			return "", fmt.Errorf("metadata.name: automatic names are switched off by the project's configuration, so the program has to give one")
		case pulumirpc.CheckRequest_AutonamingOptions_ENFORCE, pulumirpc.CheckRequest_AutonamingOptions_PROPOSE:
			return wish.GetProposedName(), nil
		}
	}
	return resource.NewUniqueName(request.GetRandomSeed(), resource.URN(request.GetUrn()).Name()+"-", suffixLength, 0, suffixLetters)
}

// setMetadata changes a copy: the engine's map may be shared.
func setMetadata(inputs resource.PropertyMap, key resource.PropertyKey, value resource.PropertyValue) {
	metadata, isSecret := inputs["metadata"], false
	if metadata.IsSecret() {
		metadata, isSecret = metadata.SecretValue().Element, true
	}
	fields := resource.PropertyMap{}
	if metadata.IsObject() {
		fields = metadata.ObjectValue().Copy()
	}
	fields[key] = value
	changed := resource.NewObjectProperty(fields)
	if isSecret {
		changed = resource.MakeSecret(changed)
	}
	inputs["metadata"] = changed
}
