package main

import (
	"context"
	"fmt"
	"reflect"
	"sort"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	resourceslicetracker "k8s.io/dynamic-resource-allocation/resourceslice/tracker"
	"k8s.io/klog/v2"
	configv1 "k8s.io/kube-scheduler/config/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	"k8s.io/kubernetes/pkg/scheduler/util/assumecache"
)

// cluster is a case's objects and the scheduler over them, with the plugins and feature gates that it has by default.
type cluster struct {
	factory    *factory
	framework  framework.Framework
	preemption *defaultpreemption.DefaultPreemption
	snapshot   *internalcache.Snapshot
	nominator  *nominator
	nodes      []*v1.Node
	pods       []*v1.Pod
	end        context.CancelFunc
}

// nowhere is a client for a server that is not there: the scheduler's judgement asks nobody.
var nowhere = kubernetes.NewForConfigOrDie(&rest.Config{Host: "http://127.0.0.1:1"})

var profile = func() *config.KubeSchedulerProfile {
	metrics.Register()
	var versioned configv1.KubeSchedulerConfiguration
	scheme.Scheme.Default(&versioned)
	var configuration config.KubeSchedulerConfiguration
	if err := scheme.Scheme.Convert(&versioned, &configuration, nil); err != nil {
		panic(err)
	}
	return &configuration.Profiles[0]
}()

// newCluster builds the scheduler first, so that its caches hear of every object.
func newCluster(objects []runtime.Object) (*cluster, error) {
	ctx, end := context.WithCancel(context.Background())
	c := &cluster{factory: newFactory(nowhere), snapshot: internalcache.NewEmptySnapshot(), nominator: &nominator{}, end: end}
	if err := c.build(ctx); err != nil {
		end()
		return nil, err
	}
	for _, object := range objects {
		if err := c.put(object); err != nil {
			end()
			return nil, err
		}
	}
	c.look()
	return c, nil
}

func (c *cluster) build(ctx context.Context) error {
	options, err := c.options(ctx)
	if err != nil {
		return err
	}
	registry := plugins.NewInTreeRegistry()
	preemption := registry[defaultpreemption.Name]
	registry[defaultpreemption.Name] = func(ctx context.Context, args runtime.Object, handle fwk.Handle) (fwk.Plugin, error) {
		plugin, err := preemption(ctx, args, handle)
		c.preemption, _ = plugin.(*defaultpreemption.DefaultPreemption)
		return plugin, err
	}
	c.framework, err = frameworkruntime.NewFramework(ctx, registry, profile, options...)
	return err
}

// options are those that scheduler.New gives.
func (c *cluster) options(ctx context.Context) ([]frameworkruntime.Option, error) {
	slices, err := resourceslicetracker.StartTracker(ctx, resourceslicetracker.Options{SliceInformer: c.factory.Resource().V1().ResourceSlices(), KubeClient: nowhere})
	if err != nil {
		return nil, err
	}
	claims := assumecache.NewAssumeCache(klog.FromContext(ctx), c.factory.Resource().V1().ResourceClaims().Informer(), "ResourceClaim", "", nil)
	return []frameworkruntime.Option{
		frameworkruntime.WithClientSet(nowhere),
		frameworkruntime.WithInformerFactory(c.factory),
		frameworkruntime.WithSharedDRAManager(dynamicresources.NewDRAManager(ctx, claims, slices, c.factory)),
		frameworkruntime.WithSharedCSIManager(nodevolumelimits.NewCSIManager(c.factory.Storage().V1().CSINodes().Lister())),
		frameworkruntime.WithSnapshotSharedLister(c.snapshot),
		frameworkruntime.WithMutableSnapshotLister(c.snapshot),
		frameworkruntime.WithPodNominator(c.nominator),
		frameworkruntime.WithMetricsRecorder(metrics.NewMetricsAsyncRecorder(1000, time.Minute, ctx.Done())),
		frameworkruntime.WithWaitingPods(frameworkruntime.NewWaitingPodsMap()),
		frameworkruntime.WithPodsInPreBind(frameworkruntime.NewPodsInPreBindMap()),
	}, nil
}

func (c *cluster) put(object runtime.Object) error {
	switch object := object.(type) {
	case *v1.Node:
		c.nodes = append(c.nodes, object)
	case *v1.Pod:
		if object.Status.Phase == v1.PodSucceeded || object.Status.Phase == v1.PodFailed {
			return nil // the scheduler's watch leaves finished pods out
		}
		c.pods = append(c.pods, object)
	}
	return c.factory.put(object)
}

// look takes a new snapshot, where the plugins look for it, and counts the nominations anew.
func (c *cluster) look() {
	var bound []*v1.Pod
	nodes := map[string]bool{}
	for _, node := range c.nodes {
		nodes[node.Name] = true
	}
	c.nominator.byNode = map[string][]fwk.PodInfo{}
	for _, pod := range c.pods {
		if pod.Spec.NodeName != "" {
			if nodes[pod.Spec.NodeName] { // the scheduler's snapshot has no place for pods of nodes that are gone
				bound = append(bound, pod)
			}
		} else if node := pod.Status.NominatedNodeName; node != "" && pod.Spec.SchedulerName == profile.SchedulerName {
			info, _ := framework.NewPodInfo(pod)
			c.nominator.byNode[node] = append(c.nominator.byNode[node], info)
		}
	}
	*c.snapshot = *internalcache.NewSnapshot(bound, c.nodes)
}

// waiting lists the pods without a node, by name; those of other schedulers are not this one's to judge.
func (c *cluster) waiting() []*v1.Pod {
	var pods []*v1.Pod
	for _, pod := range c.pods {
		if pod.Spec.NodeName == "" && pod.Spec.SchedulerName == profile.SchedulerName {
			pods = append(pods, pod)
		}
	}
	sort.Slice(pods, func(i, j int) bool { return key(pods[i]) < key(pods[j]) })
	return pods
}

func (c *cluster) pod(name string) (*v1.Pod, error) {
	for _, pod := range c.pods {
		if key(pod) == name {
			return pod, nil
		}
	}
	return nil, fmt.Errorf("the case has no pod %s", name)
}

func key(pod *v1.Pod) string { return pod.Namespace + "/" + pod.Name }

func typeName(object runtime.Object) string { return reflect.TypeOf(object).String() }

// nominator holds the pods that the scheduler has in its queue with a nominated node.
type nominator struct{ byNode map[string][]fwk.PodInfo }

func (n *nominator) NominatedPodsForNode(node string) []fwk.PodInfo              { return n.byNode[node] }
func (*nominator) AddNominatedPod(klog.Logger, fwk.PodInfo, *fwk.NominatingInfo) {}
func (*nominator) DeleteNominatedPodIfExists(*v1.Pod)                            {}
func (*nominator) UpdateNominatedPod(klog.Logger, *v1.Pod, fwk.PodInfo)          {}
