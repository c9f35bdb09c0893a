// Between the engine's property maps, which know secrets and unknown values, and plain Kubernetes objects.
package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// unknown stands in a plain object for a value that only an update will tell.
type unknown struct{}

func fromEngine(message *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(message, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

func toEngine(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

// toObject gives the object that inputs describe, with secrets in clear: it goes to the API server and nowhere else.
func toObject(properties resource.PropertyMap) *unstructured.Unstructured {
	plain := map[string]any{}
	for key, value := range properties {
		// What the plugin itself keeps in the state is no part of the object.
		if !value.IsNull() && !resource.IsInternalPropertyKey(key) {
			plain[string(key)] = toPlain(value)
		}
	}
	object := &unstructured.Unstructured{Object: plain}
	if isDefinition(object) {
		object.Object = renameKeys(plain, "x_kubernetes_", "_", "-").(map[string]any)
	}
	return object
}

func toPlain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return toPlain(value.SecretValue().Element)
	case value.IsComputed():
		return unknown{}
	case value.IsOutput():
		if !value.OutputValue().Known {
			return unknown{}
		}
		return toPlain(value.OutputValue().Element)
	case value.IsNumber():
		// Kubernetes tells integers from fractions, Pulumi does not.
		if number := value.NumberValue(); number == math.Trunc(number) && math.Abs(number) < 1<<53 {
			return int64(number)
		}
		return value.NumberValue()
	case value.IsArray():
		items := make([]any, 0, len(value.ArrayValue()))
		for _, item := range value.ArrayValue() {
			items = append(items, toPlain(item))
		}
		return items
	case value.IsObject():
		fields := map[string]any{}
		for key, field := range value.ObjectValue() {
			if !field.IsNull() {
				fields[string(key)] = toPlain(field)
			}
		}
		return fields
	case value.IsBool(), value.IsString():
		return value.V
	default:
		return nil
	}
}

// toProperties is for what the API server answers; nothing in it is marked as secret yet.
func toProperties(object *unstructured.Unstructured) resource.PropertyMap {
	plain := object.Object
	if isDefinition(object) {
		plain = renameKeys(plain, "x-kubernetes-", "-", "_").(map[string]any)
	}
	return toProperty(plain).ObjectValue()
}

func toProperty(value any) resource.PropertyValue {
	switch value := value.(type) {
	case unknown:
		return resource.MakeComputed(resource.NewStringProperty(""))
	case map[string]any:
		fields := resource.PropertyMap{}
		for key, field := range value {
			fields[resource.PropertyKey(key)] = toProperty(field)
		}
		return resource.NewObjectProperty(fields)
	case []any:
		items := make([]resource.PropertyValue, 0, len(value))
		for _, item := range value {
			items = append(items, toProperty(item))
		}
		return resource.NewArrayProperty(items)
	case int64:
		return resource.NewNumberProperty(float64(value))
	default:
		return resource.NewPropertyValue(value)
	}
}

func hasUnknown(value any) bool {
	switch value := value.(type) {
	case unknown:
		return true
	case map[string]any:
		for _, field := range value {
			if hasUnknown(field) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if hasUnknown(item) {
				return true
			}
		}
	}
	return false
}

// renameKeys is for the schemas of CustomResourceDefinitions: the SDKs write `x_kubernetes_...` where Kubernetes has `x-kubernetes-...`.
func renameKeys(value any, prefix, from, to string) any {
	switch value := value.(type) {
	case map[string]any:
		fields := map[string]any{}
		for key, field := range value {
			if strings.HasPrefix(key, prefix) {
				key = strings.ReplaceAll(key, from, to)
			}
			fields[key] = renameKeys(field, prefix, from, to)
		}
		return fields
	case []any:
		items := make([]any, 0, len(value))
		for _, item := range value {
			items = append(items, renameKeys(item, prefix, from, to))
		}
		return items
	default:
		return value
	}
}

func isDefinition(object *unstructured.Unstructured) bool {
	return object.GetKind() == "CustomResourceDefinition" && strings.HasPrefix(object.GetAPIVersion(), "apiextensions.k8s.io/")
}

func isSecret(object *unstructured.Unstructured) bool {
	return object.GetKind() == "Secret" && object.GetAPIVersion() == "v1"
}

// objectID is `namespace/name`, or the name alone for an object of the whole cluster.
func objectID(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetName()
	}
	return object.GetNamespace() + "/" + object.GetName()
}

func parseID(id string) (namespace, name string, err error) {
	parts := strings.Split(id, "/")
	switch {
	case len(parts) == 1 && parts[0] != "":
		return "", parts[0], nil
	case len(parts) == 2 && parts[0] != "" && parts[1] != "":
		return parts[0], parts[1], nil
	}
	return "", "", fmt.Errorf("the ID %q is not that of a Kubernetes object: allowed are namespace/name, and name for an object of the whole cluster", id)
}
