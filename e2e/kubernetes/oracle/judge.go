package main

import (
	"context"
	"fmt"
	"strings"

	apps "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// verdict is what the scheduler says of a pod on a node.
type verdict struct {
	Pod  string `json:"pod"`
	Node string `json:"node"`
	Fits bool   `json:"fits"`
	// Plugin and Reason say what is in the way.
	Plugin string `json:"plugin,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Final is set where no eviction on the node helps (UnschedulableAndUnresolvable).
	Final bool `json:"final,omitempty"`
}

// judgement is a pod's status on each node, and the state that preemption goes on with.
type judgement struct {
	state    fwk.CycleState
	statuses map[string]*fwk.Status
}

// judge runs what the scheduler runs: PreFilter with the nodes that it leaves over, then Filter with nominated pods.
func (c *cluster) judge(ctx context.Context, pod *v1.Pod, nodes []*v1.Node) judgement {
	j := judgement{state: framework.NewCycleState(), statuses: map[string]*fwk.Status{}}
	result, status, plugins := c.framework.RunPreFilterPlugins(ctx, j.state, pod)
	for _, node := range nodes {
		switch {
		case !status.IsSuccess():
			j.statuses[node.Name] = status
		case !result.AllNodes() && !result.NodeNames.Has(node.Name):
			names := strings.Join(plugins.UnsortedList(), ",")
			j.statuses[node.Name] = fwk.NewStatus(fwk.UnschedulableAndUnresolvable, "left out by PreFilter").WithPlugin(names)
		default:
			info, err := c.snapshot.Get(node.Name)
			if err != nil {
				j.statuses[node.Name] = fwk.AsStatus(err)
				continue
			}
			j.statuses[node.Name] = c.framework.RunFilterPluginsWithNominatedPods(ctx, j.state, pod, info)
		}
	}
	return j
}

func (j judgement) verdict(pod *v1.Pod, node string) verdict {
	status := j.statuses[node]
	if status.IsSuccess() {
		return verdict{Pod: key(pod), Node: node, Fits: true}
	}
	return verdict{
		Pod: key(pod), Node: node, Plugin: status.Plugin(), Reason: status.Message(), Final: status.Code() == fwk.UnschedulableAndUnresolvable,
	}
}

// failure is an error inside of the scheduler, which no case may cause.
func (j judgement) failure() error {
	for node, status := range j.statuses {
		if status.Code() == fwk.Error {
			return fmt.Errorf("on node %s: %s", node, status.Message())
		}
	}
	return nil
}

// gate names what holds a pod back before anyone looks at nodes, or is empty.
func (c *cluster) gate(ctx context.Context, pod *v1.Pod) string {
	for _, plugin := range c.framework.PreEnqueuePlugins() {
		if status := plugin.PreEnqueue(ctx, pod); !status.IsSuccess() {
			return plugin.Name()
		}
	}
	return ""
}

// candidates lists the nodes on which evicting pods of lower priority makes room, as DefaultPreemption finds them.
func (c *cluster) candidates(ctx context.Context, pod *v1.Pod, j judgement) ([]string, error) {
	names := []string{}
	var nodes []fwk.NodeInfo
	for _, node := range c.nodes {
		status := j.statuses[node.Name]
		if status.IsSuccess() {
			return names, nil
		}
		if status.Code() == fwk.Unschedulable {
			info, err := c.snapshot.Get(node.Name)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, info)
		}
	}
	nominated := j.statuses[pod.Status.NominatedNodeName]
	if eligible, _ := c.preemption.PodEligibleToPreemptOthers(ctx, pod, nominated); !eligible || len(nodes) == 0 {
		return names, nil
	}
	found, _, err := c.preemption.Evaluator.DryRunPreemption(ctx, j.state, pod, nodes, nil, 0, int32(len(nodes)))
	for _, candidate := range found {
		names = append(names, candidate.Name())
	}
	return names, err
}

// daemonVerdict is what the DaemonSet controller says of a node.
type daemonVerdict struct {
	DaemonSet string `json:"daemonSet"`
	Node      string `json:"node"`
	Runs      bool   `json:"runs"`
}

func daemonVerdicts(sets []*apps.DaemonSet, nodes []*v1.Node) []daemonVerdict {
	verdicts := []daemonVerdict{}
	for _, set := range sets {
		for _, node := range nodes {
			runs, _ := daemon.NodeShouldRunDaemonPod(klog.Background(), node, set)
			verdicts = append(verdicts, daemonVerdict{set.Namespace + "/" + set.Name, node.Name, runs})
		}
	}
	return verdicts
}
