// Read: an object as it is now, for refresh and import.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const unreachableRemedy = "if the cluster was deleted, run the command again with " + environmentUnreachable + "=true to drop its resources from the state"

func (p *provider) Read(ctx context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	state, err := fromEngine(request.GetProperties())
	if err != nil {
		return nil, err
	}
	inputs, err := inputsOf(request.GetInputs(), state)
	if err != nil {
		return nil, err
	}
	connected, err := p.reach()
	if err != nil {
		return p.readUnreachable(ctx, request, err)
	}
	ctx, cancel := p.during(ctx)
	defer cancel()
	wanted, isImport, err := p.wanted(request, inputs, state)
	if err != nil {
		return nil, err
	}
	live, err := connected.find(ctx, wanted)
	if err != nil && !isNoMatch(err) && !errors.IsNotFound(err) {
		return nil, fmt.Errorf("%s %s cannot be read: %w", wanted.GetKind(), request.GetId(), err)
	}
	if live == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	manager := managerOf(state)
	if manager == "" {
		manager = makeManager(request.GetUrn(), wanted)
	}
	var asked *unstructured.Unstructured
	if isImport {
		asked = importedInputs(live)
	} else {
		asked = connected.keptInputs(ctx, toObject(inputs), live, manager)
	}
	askedProperties := toProperties(asked)
	markSecrets(askedProperties, inputs)
	recorded, err := toEngine(askedProperties)
	if err != nil {
		return nil, err
	}
	outputs, err := stateOf(askedProperties, live, manager)
	if err != nil {
		return nil, err
	}
	id := objectID(live)
	if !isImport {
		if problem := p.readiness(ctx, connected, asked, live); problem != nil {
			return nil, unready(id, "is not ready", problem, outputs, recorded, inputs)
		}
	}
	return &pulumirpc.ReadResponse{Id: id, Properties: outputs, Inputs: recorded}, nil
}

func (p *provider) readUnreachable(ctx context.Context, request *pulumirpc.ReadRequest, reason error) (*pulumirpc.ReadResponse, error) {
	p.log.warn(ctx, request.GetUrn(), reason.Error())
	switch {
	case p.isOn("deleteUnreachable", environmentUnreachable):
		p.log.info(ctx, request.GetUrn(), "deleteUnreachable is set: the resource is dropped from the state")
		return &pulumirpc.ReadResponse{}, nil
	case p.skipsUnreachable():
		return &pulumirpc.ReadResponse{Id: request.GetId(), Properties: request.GetProperties(), Inputs: request.GetInputs()}, nil
	}
	return nil, fmt.Errorf("the resource cannot be read, for its cluster is unreachable; %s", unreachableRemedy)
}

// wanted names the object to read. Without recorded inputs it is an import or a `get`: the kind is in the token, the name in the ID.
func (p *provider) wanted(request *pulumirpc.ReadRequest, inputs, state resource.PropertyMap) (*unstructured.Unstructured, bool, error) {
	namespace, name, err := parseID(request.GetId())
	if err != nil {
		return nil, false, err
	}
	wanted := toObject(inputs)
	isImport := len(inputs) == 0 || wanted.GetName() == ""
	if wanted.GetKind() == "" {
		wanted = &unstructured.Unstructured{Object: map[string]any{}}
		version, kind := toObject(state).GetAPIVersion(), toObject(state).GetKind()
		if kind == "" {
			version, kind, err = kindOfToken(string(resource.URN(request.GetUrn()).Type()))
		}
		if err != nil {
			return nil, false, err
		}
		wanted.SetAPIVersion(version)
		wanted.SetKind(kind)
	}
	wanted = wanted.DeepCopy()
	wanted.SetName(name)
	wanted.SetNamespace(namespace)
	return wanted, isImport, nil
}

// kindOfToken reads `kubernetes:apps/v1:Deployment`; the group of the first kinds is written core.
func kindOfToken(token string) (apiVersion, kind string, err error) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 || !strings.Contains(parts[1], "/") {
		return "", "", fmt.Errorf("the type %s names no kind of Kubernetes object", token)
	}
	return strings.TrimPrefix(parts[1], "core/"), parts[2], nil
}

// setByCluster are the fields of metadata that no program sets.
var setByCluster = []string{
	"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
}

// importedInputs is all that a program could have said, without what only the cluster says.
func importedInputs(live *unstructured.Unstructured) *unstructured.Unstructured {
	inputs := live.DeepCopy()
	unstructured.RemoveNestedField(inputs.Object, "status")
	for _, field := range setByCluster {
		unstructured.RemoveNestedField(inputs.Object, "metadata", field)
	}
	for _, name := range []string{"deployment.kubernetes.io/revision", lastApplied} {
		unstructured.RemoveNestedField(inputs.Object, "metadata", "annotations", name)
	}
	if len(inputs.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(inputs.Object, "metadata", "annotations")
	}
	return inputs
}

// keptInputs gives the recorded inputs with the values that hold now. What the server writes in another way (1000m as 1) is no change: a dry run tells how it would write the recorded ones.
func (c *cluster) keptInputs(ctx context.Context, recorded, live *unstructured.Unstructured, manager string) *unstructured.Unstructured {
	expected, err := c.apply(ctx, recorded, applyOptions{manager: manager, force: true, dryRun: true})
	if err != nil {
		expected = recorded
	}
	kept, _ := keep(recorded.Object, expected.Object, live.Object).(map[string]any)
	if isSecret(recorded) {
		keepStringData(kept, expected, live)
	}
	return &unstructured.Unstructured{Object: kept}
}

// keep walks along the recorded value; where the server would not change what is there, the record holds.
func keep(recorded, expected, live any) any {
	if len(changesBetween(nil, expected, live)) == 0 {
		return recorded
	}
	recordedFields, isMap := recorded.(map[string]any)
	expectedFields, isExpected := expected.(map[string]any)
	liveFields, isLive := live.(map[string]any)
	if !isMap || !isExpected || !isLive {
		return live
	}
	kept := map[string]any{}
	for key, value := range recordedFields {
		if changed := keep(value, expectedFields[key], liveFields[key]); changed != nil {
			kept[key] = changed
		}
	}
	return kept
}

// keepStringData: the server keeps only `data`, so a changed text is looked for there.
func keepStringData(kept map[string]any, expected, live *unstructured.Unstructured) {
	texts, ok := kept["stringData"].(map[string]any)
	if !ok {
		return
	}
	texts = maps.Clone(texts)
	before, _, _ := unstructured.NestedStringMap(expected.Object, "data")
	now, _, _ := unstructured.NestedStringMap(live.Object, "data")
	for key := range texts {
		if before[key] == now[key] {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(now[key])
		if _, isThere := now[key]; !isThere || err != nil {
			delete(texts, key)
			continue
		}
		texts[key] = string(text)
	}
	kept["stringData"] = texts
}

// relinquish gives up the fields of a manager without changing anything else: an apply that asks for nothing.
func (c *cluster) relinquish(ctx context.Context, object *unstructured.Unstructured, manager string) error {
	nothing := &unstructured.Unstructured{Object: map[string]any{}}
	nothing.SetGroupVersionKind(object.GroupVersionKind())
	nothing.SetName(object.GetName())
	nothing.SetNamespace(object.GetNamespace())
	_, err := c.apply(ctx, nothing, applyOptions{manager: manager, force: true})
	if errors.IsNotFound(err) {
		return nil
	}
	return err
}
