// The expressions of the annotation pulumi.com/waitFor, as `kubectl wait --for` has them.
package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

func checkOfExpression(expression string) (check, error) {
	if wish, ok := strings.CutPrefix(expression, "condition="); ok {
		kind, wanted, isGiven := strings.Cut(wish, "=")
		if !isGiven {
			wanted = "True"
		}
		return checkCondition(kind, wanted), nil
	}
	if wish, ok := strings.CutPrefix(expression, "jsonpath="); ok {
		return checkPath(wish)
	}
	return nil, fmt.Errorf("%s: %q is none of `condition=TYPE`, `condition=TYPE=STATUS`, `jsonpath={.PATH}`, `jsonpath={.PATH}=VALUE`", annotationWaitFor, expression)
}

// isBehind tells that the status is about an earlier generation, where its controller says of which.
func isBehind(live *unstructured.Unstructured) bool {
	seen, isSaid, _ := unstructured.NestedInt64(live.Object, "status", "observedGeneration")
	return isSaid && seen < live.GetGeneration()
}

func checkCondition(kind, wanted string) check {
	return func(_ context.Context, live *unstructured.Unstructured) (readinessOf, error) {
		if isBehind(live) {
			return readinessOf{missing: "its controller has not seen the change yet"}, nil
		}
		missing := fmt.Sprintf("no condition %s yet; expected %s", kind, wanted)
		for _, condition := range conditionsOf(live) {
			switch {
			case !strings.EqualFold(condition.kind, kind):
			case strings.EqualFold(condition.status, wanted):
				return readinessOf{}, nil
			default:
				missing = strings.TrimSpace(fmt.Sprintf("condition %s is %s; expected %s: %s %s", kind, condition.status, wanted, condition.reason, condition.message))
			}
		}
		return readinessOf{missing: missing}, nil
	}
}

func checkPath(wish string) (check, error) {
	end := strings.LastIndex(wish, "}")
	if !strings.HasPrefix(wish, "{") || end < 0 {
		return nil, fmt.Errorf("%s: the path %q has to stand in braces, as in jsonpath={.status.phase}=Ready", annotationWaitFor, wish)
	}
	template, wanted := wish[:end+1], ""
	rest, isCompared := strings.CutPrefix(wish[end+1:], "=")
	if isCompared {
		wanted = strings.Trim(rest, `"'`)
	} else if rest != "" {
		return nil, fmt.Errorf("%s: after the path %s comes = and a value, or nothing", annotationWaitFor, template)
	}
	path := jsonpath.New("waitFor").AllowMissingKeys(true)
	if err := path.Parse(template); err != nil {
		return nil, fmt.Errorf("%s: %s cannot be read: %w", annotationWaitFor, template, err)
	}
	return func(_ context.Context, live *unstructured.Unstructured) (readinessOf, error) {
		var text bytes.Buffer
		found, err := path.FindResults(live.Object)
		if err != nil || len(found) == 0 || len(found[0]) == 0 {
			return readinessOf{missing: template + " is not there yet"}, nil
		}
		if err := path.PrintResults(&text, found[0]); err != nil {
			return readinessOf{}, err
		}
		if !isCompared || text.String() == wanted {
			return readinessOf{}, nil
		}
		return readinessOf{missing: fmt.Sprintf("%s is %q; expected %q", template, text.String(), wanted)}, nil
	}, nil
}
