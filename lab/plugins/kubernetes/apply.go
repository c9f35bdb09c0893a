// Server-side apply: one object, one field manager, and what to do about fields that another manager holds.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

type applyOptions struct {
	manager string
	// force takes fields from other managers.
	force bool
	// dryRun only asks what would come of it.
	dryRun bool
}

// takenOver are the managers whose fields are taken without a word: what kubectl made by hand is meant to be the program's now.
var takenOver = []string{"kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes"}

var managerInConflict = regexp.MustCompile(`conflict with "([^"]+)"`)

func (c *cluster) apply(ctx context.Context, object *unstructured.Unstructured, options applyOptions) (*unstructured.Unstructured, error) {
	client, err := c.resource(object)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(withStringData(object).Object)
	if err != nil {
		return nil, fmt.Errorf("the object cannot be written as JSON: %w", err)
	}
	patch := metav1.PatchOptions{FieldManager: options.manager, Force: &options.force, FieldValidation: metav1.FieldValidationWarn}
	if options.dryRun {
		patch.DryRun = []string{metav1.DryRunAll}
	}
	applied, err := client.Patch(ctx, object.GetName(), types.ApplyPatchType, body, patch)
	if err != nil && errors.IsConflict(err) && !options.force {
		if mayTakeOver(err) {
			options.force = true
			return c.apply(ctx, object, options)
		}
		return nil, explainConflict(err)
	}
	return applied, err
}

// withStringData moves a Secret's stringData into data: the server would do so too, but then lose who owns the fields.
func withStringData(object *unstructured.Unstructured) *unstructured.Unstructured {
	texts, ok, err := unstructured.NestedStringMap(object.Object, "stringData")
	if !isSecret(object) || !ok || err != nil {
		return object
	}
	merged := object.DeepCopy()
	data, _, err := unstructured.NestedStringMap(merged.Object, "data")
	if err != nil {
		return object
	}
	if data == nil {
		data = map[string]string{}
	}
	for key, text := range texts {
		data[key] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	unstructured.RemoveNestedField(merged.Object, "stringData")
	if unstructured.SetNestedStringMap(merged.Object, data, "data") != nil {
		return object
	}
	return merged
}

func conflictsOf(err error) []metav1.StatusCause {
	status, ok := err.(errors.APIStatus)
	if !ok || status.Status().Details == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(status.Status().Details.Causes), func(cause metav1.StatusCause) bool {
		return cause.Type != metav1.CauseTypeFieldManagerConflict
	})
}

func mayTakeOver(err error) bool {
	conflicts := conflictsOf(err)
	for _, conflict := range conflicts {
		found := managerInConflict.FindStringSubmatch(conflict.Message)
		if found == nil || !slices.ContainsFunc(takenOver, func(name string) bool {
			return found[1] == name || name == "kubectl" && strings.HasPrefix(found[1], "kubectl-")
		}) {
			return false
		}
	}
	return len(conflicts) > 0
}

func explainConflict(err error) error {
	var lines []string
	for _, conflict := range conflictsOf(err) {
		lines = append(lines, conflict.Field+": "+conflict.Message)
	}
	if len(lines) == 0 {
		return err
	}
	return fmt.Errorf("Server-Side Apply field conflict detected: another field manager holds fields that the program sets:\n  %s\n"+
		`Leave the fields out of the program (or list them in the option ignoreChanges), or take them with the annotation %s: "true"`,
		strings.Join(lines, "\n  "), annotationForce)
}

// isForced: the annotation goes before the setting, which goes before the environment.
func (p *provider) isForced(object *unstructured.Unstructured) bool {
	if wish := annotation(object, annotationForce); wish != "" {
		return wish == "true"
	}
	return p.isOn("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE")
}

// leaveIgnored prepares an object for the option ignoreChanges: a field that another manager holds is left to it, any other keeps the value that it has.
func leaveIgnored(object, live *unstructured.Unstructured, ignored []string, manager string) {
	ours := fieldsOf(live, func(name string) bool { return name == manager })
	theirs := fieldsOf(live, func(name string) bool { return name != manager })
	for _, text := range ignored {
		steps := strings.Split(text, ".")
		if strings.ContainsAny(text, `["*`) {
			// Only plain paths: within lists the API server identifies items by keys, not by positions.
			continue
		}
		if owns(theirs, steps) && !owns(ours, steps) {
			unstructured.RemoveNestedField(object.Object, steps...)
			continue
		}
		if value, found, err := unstructured.NestedFieldCopy(live.Object, steps...); found && err == nil {
			_ = unstructured.SetNestedField(object.Object, value, steps...)
		}
	}
}

func owns(sets []map[string]any, steps []string) bool {
	return slices.ContainsFunc(sets, func(set map[string]any) bool {
		for _, step := range steps {
			next, ok := set["f:"+step].(map[string]any)
			if !ok {
				return false
			}
			set = next
		}
		return true
	})
}
