// What the engine keeps of an object: as it lives in the cluster, with what the program asked for and the field manager beside it.
package main

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The keys are those of the official plugin, so that either can go on with the other's state.
const (
	keyInputs         resource.PropertyKey = "__inputs"
	keyInitialVersion resource.PropertyKey = "__initialApiVersion"
	keyManager        resource.PropertyKey = "__fieldManager"
)

func stateOf(inputs resource.PropertyMap, live *unstructured.Unstructured, manager string) (*structpb.Struct, error) {
	state := toProperties(live)
	markSecrets(state, inputs)
	state[keyInputs] = resource.NewObjectProperty(inputs)
	state[keyInitialVersion] = resource.NewStringProperty(live.GetAPIVersion())
	state[keyManager] = resource.NewStringProperty(manager)
	return toEngine(state)
}

// inputsOf prefers the engine's record of the inputs to the copy in the state.
func inputsOf(recorded *structpb.Struct, state resource.PropertyMap) (resource.PropertyMap, error) {
	if len(recorded.GetFields()) > 0 {
		return fromEngine(recorded)
	}
	if copied, ok := state[keyInputs]; ok && copied.IsObject() {
		return copied.ObjectValue(), nil
	}
	return resource.PropertyMap{}, nil
}

func managerOf(state resource.PropertyMap) string {
	if manager, ok := state[keyManager]; ok && manager.IsString() {
		return manager.StringValue()
	}
	return ""
}

// makeManager names the field manager of a new object after its resource. An update that was killed before it could record
// the object finds by this name that the object is its own.
func makeManager(urn string, object *unstructured.Unstructured) string {
	if wish := annotation(object, annotationManager); wish != "" {
		return wish
	}
	hash := sha256.Sum256([]byte(urn))
	return "pulumi-kubernetes-" + hex.EncodeToString(hash[:])[:8]
}
