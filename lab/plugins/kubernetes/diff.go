// Diff: what an update would change, and whether it needs another object.
package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func (p *provider) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	state, err := fromEngine(request.GetOlds())
	if err != nil {
		return nil, err
	}
	oldInputs, err := inputsOf(request.GetOldInputs(), state)
	if err != nil {
		return nil, err
	}
	newInputs, err := fromEngine(request.GetNews())
	if err != nil {
		return nil, err
	}
	before, after, live := toObject(oldInputs), toObject(newInputs), toObject(state)
	p.alignNamespaces(before, after)
	changes := relevant(changesBetween(nil, before.Object, after.Object), live, managerOf(state), request.GetIgnoreChanges())
	if len(changes) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true}, nil
	}
	ctx, cancel := p.during(ctx)
	defer cancel()
	fixed := append(p.immutableOf(after), p.askForFixed(ctx, after, state)...)
	answer := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_SOME,
		HasDetailedDiff: true,
		DetailedDiff:    map[string]*pulumirpc.PropertyDiff{},
	}
	for _, change := range changes {
		text := pathText(change.path)
		isFixed := slices.ContainsFunc(fixed, func(pattern string) bool { return isUnder(change.path, pattern) })
		if isFixed {
			answer.Replaces = append(answer.Replaces, text)
		}
		answer.Diffs = append(answer.Diffs, strings.SplitN(strings.SplitN(text, ".", 2)[0], "[", 2)[0])
		answer.DetailedDiff[text] = &pulumirpc.PropertyDiff{Kind: kindOf(change, isFixed), InputDiff: true}
	}
	slices.Sort(answer.Diffs)
	answer.Diffs = slices.Compact(answer.Diffs)
	if len(answer.Replaces) > 0 {
		p.markReplaced(string(live.GetUID()))
	}
	// Two objects of one name cannot be there at once.
	answer.DeleteBeforeReplace = len(answer.Replaces) > 0 && !isAnnotated(after, annotationAutonamed) &&
		after.GetName() == live.GetName() && after.GetNamespace() == before.GetNamespace()
	return answer, nil
}

func kindOf(change change, isFixed bool) pulumirpc.PropertyDiff_Kind {
	switch {
	case change.before == nil && isFixed:
		return pulumirpc.PropertyDiff_ADD_REPLACE
	case change.before == nil:
		return pulumirpc.PropertyDiff_ADD
	case change.after == nil && isFixed:
		return pulumirpc.PropertyDiff_DELETE_REPLACE
	case change.after == nil:
		return pulumirpc.PropertyDiff_DELETE
	case isFixed:
		return pulumirpc.PropertyDiff_UPDATE_REPLACE
	default:
		return pulumirpc.PropertyDiff_UPDATE
	}
}

// alignNamespaces: one that is left out is the default one, and an object of the whole cluster has none (its kind may have been unknown at the first Check).
func (p *provider) alignNamespaces(objects ...*unstructured.Unstructured) {
	connected, err := p.reach()
	if err != nil {
		return
	}
	for _, object := range objects {
		if hasUnknown(object.Object["metadata"]) {
			continue
		}
		namespaced, err := connected.isNamespaced(object.GroupVersionKind())
		switch {
		case err != nil:
		case !namespaced:
			object.SetNamespace("")
		case object.GetNamespace() == "":
			object.SetNamespace(connected.namespace)
		}
	}
}

// relevant leaves out what the user ignores, and what goes from the inputs without having been ours: after an import the inputs are all that the object had.
func relevant(changes []change, live *unstructured.Unstructured, manager string, ignored []string) []change {
	var patterns []resource.PropertyPath
	for _, text := range ignored {
		if path, err := resource.ParsePropertyPath(text); err == nil {
			patterns = append(patterns, path)
		}
	}
	isOurs := len(fieldsOf(live, func(name string) bool { return name == manager })) > 0
	return slices.DeleteFunc(changes, func(change change) bool {
		if change.after == nil && !isOurs {
			return true
		}
		return slices.ContainsFunc(patterns, func(pattern resource.PropertyPath) bool { return pattern.Contains(resource.PropertyPath(change.path)) })
	})
}

// askForFixed applies the new object without keeping it; the API server then names what it does not change in place.
func (p *provider) askForFixed(ctx context.Context, after *unstructured.Unstructured, state resource.PropertyMap) []string {
	connected, err := p.reach()
	if err != nil || hasUnknown(after.Object) {
		return nil
	}
	_, err = connected.apply(ctx, after, applyOptions{manager: managerOf(state), force: true, dryRun: true})
	return refusedFields(err, after)
}

// fieldsOf gives the sets of fields that the chosen managers own, in Kubernetes' notation (`f:spec`).
func fieldsOf(live *unstructured.Unstructured, isChosen func(manager string) bool) []map[string]any {
	var sets []map[string]any
	for _, entry := range live.GetManagedFields() {
		if !isChosen(entry.Manager) || entry.FieldsV1 == nil {
			continue
		}
		var fields map[string]any
		if json.Unmarshal(entry.FieldsV1.Raw, &fields) == nil {
			sets = append(sets, fields)
		}
	}
	return sets
}
