// Command oracle answers what the real kube-scheduler would say. It reads cases from standard input, a JSON object a line, and
// writes an answer for each, a JSON object a line, in any order: the case's id tells which is whose.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	apps "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/klog/v2"
)

// lineBytesMax bounds one case: a cluster of thousands of pods.
const lineBytesMax = 256 << 20

var everything = labels.Everything()

// question is a cluster, and what is asked about it.
type question struct {
	ID      uint64            `json:"id"`
	Objects []json.RawMessage `json:"objects"`
	// Placements are carried out first, as far as they fit: their verdicts come first.
	Placements []placement `json:"placements"`
	// Joins are nodes, and pods that run on them, that come in turns: each once nothing more fits on those that are there.
	Joins [][]json.RawMessage `json:"joins"`
	// Pods limits who is judged then on all nodes, by namespace/name; null is all that wait.
	Pods []string `json:"pods"`
}

// answer is what the scheduler says.
type answer struct {
	ID       uint64    `json:"id"`
	Verdicts []verdict `json:"verdicts"`
	// Preemption lists for each waiting pod that fits nowhere the nodes on which evictions make room.
	Preemption map[string][]string `json:"preemption"`
	Daemons    []daemonVerdict     `json:"daemons"`
	// Error says why there is no answer.
	Error string `json:"error,omitempty"`
}

func main() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard) // the scheduler's log of what each case lacks
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// serve answers with one worker a core.
func serve(in io.Reader, out io.Writer) error {
	lines := make(chan []byte)
	answers := make(chan answer)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for line := range lines {
				answers <- reply(line)
			}
		})
	}
	failed := make(chan error, 1)
	go func() {
		failed <- split(in, lines)
		close(lines)
		workers.Wait()
		close(answers)
	}()
	encoder := json.NewEncoder(out)
	for answer := range answers {
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	return <-failed
}

func split(in io.Reader, lines chan<- []byte) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 1<<20), lineBytesMax)
	for scanner.Scan() {
		lines <- append([]byte(nil), scanner.Bytes()...)
	}
	return scanner.Err()
}

func reply(line []byte) answer {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return refusal(0, err)
	}
	given, err := asked.answer(context.Background())
	if err != nil {
		return refusal(asked.ID, err)
	}
	given.ID = asked.ID
	return given
}

func empty() answer {
	return answer{Verdicts: []verdict{}, Preemption: map[string][]string{}, Daemons: []daemonVerdict{}}
}

func refusal(id uint64, err error) answer {
	given := empty()
	given.ID, given.Error = id, err.Error()
	return given
}

func (q question) answer(ctx context.Context) (answer, error) {
	objects, sets, err := decodeAll(q.Objects)
	if err != nil {
		return answer{}, err
	}
	var joins [][]kruntime.Object
	for _, turn := range q.Joins {
		joining, _, err := decodeAll(turn)
		if err != nil {
			return answer{}, err
		}
		joins = append(joins, joining)
	}
	cluster, err := newCluster(objects)
	if err != nil {
		return answer{}, err
	}
	defer cluster.end()
	given := empty()
	given.Daemons = daemonVerdicts(sets, cluster.nodes)
	if given.Verdicts, err = cluster.replay(ctx, q.Placements, joins); err != nil {
		return answer{}, err
	}
	pods, err := q.asked(cluster)
	if err != nil {
		return answer{}, err
	}
	for _, pod := range pods {
		if err := given.add(ctx, cluster, pod); err != nil {
			return answer{}, err
		}
	}
	return given, nil
}

func (q question) asked(cluster *cluster) ([]*v1.Pod, error) {
	if q.Pods == nil {
		return cluster.waiting(), nil
	}
	var pods []*v1.Pod
	for _, name := range q.Pods {
		pod, err := cluster.pod(name)
		if err != nil {
			return nil, err
		}
		pods = append(pods, pod)
	}
	return pods, nil
}

func decodeAll(all []json.RawMessage) (objects []kruntime.Object, sets []*apps.DaemonSet, err error) {
	for _, raw := range all {
		object, err := decode(raw)
		if err != nil {
			return nil, nil, err
		}
		if set, is := object.(*apps.DaemonSet); is {
			sets = append(sets, set)
			continue
		}
		objects = append(objects, object)
	}
	return objects, sets, nil
}

func (a *answer) add(ctx context.Context, cluster *cluster, pod *v1.Pod) error {
	if gate := cluster.gate(ctx, pod); gate != "" {
		for _, node := range cluster.nodes {
			a.Verdicts = append(a.Verdicts, verdict{Pod: key(pod), Node: node.Name, Plugin: gate, Reason: "nobody looks at nodes before the gate is open", Final: true})
		}
		return nil
	}
	judged := cluster.judge(ctx, pod, cluster.nodes)
	if err := judged.failure(); err != nil {
		return fmt.Errorf("pod %s: %w", key(pod), err)
	}
	for _, node := range cluster.nodes {
		a.Verdicts = append(a.Verdicts, judged.verdict(pod, node.Name))
	}
	nodes, err := cluster.candidates(ctx, pod, judged)
	if len(nodes) > 0 {
		a.Preemption[key(pod)] = nodes
	}
	return err
}
