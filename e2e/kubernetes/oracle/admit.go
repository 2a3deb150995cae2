package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	api "k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"
)

// decode reads an object as the API server stores it: with its defaults, and for a pod with what is worked out at creation.
func decode(raw []byte) (runtime.Object, error) {
	object, _, err := legacyscheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
	if err != nil {
		return nil, err
	}
	legacyscheme.Scheme.Default(object)
	if pod, is := object.(*v1.Pod); is {
		return admit(pod)
	}
	return object, nil
}

// admit does what the API server does to a pod at creation: defaults, matchLabelKeys merged into selectors, validation.
// What only a pod that exists already has (its status, its node, who deletes it) is kept.
func admit(pod *v1.Pod) (*v1.Pod, error) {
	internal := &api.Pod{}
	if err := legacyscheme.Scheme.Convert(pod, internal, nil); err != nil {
		return nil, err
	}
	podregistry.Strategy.PrepareForCreate(context.Background(), internal)
	if problems := podregistry.Strategy.Validate(context.Background(), internal); len(problems) > 0 {
		return nil, fmt.Errorf("the API server refuses pod %s/%s: %w", pod.Namespace, pod.Name, problems.ToAggregate())
	}
	admitted := &v1.Pod{}
	if err := legacyscheme.Scheme.Convert(internal, admitted, nil); err != nil {
		return nil, err
	}
	admitted.TypeMeta, admitted.Status = pod.TypeMeta, pod.Status
	return admitted, nil
}
