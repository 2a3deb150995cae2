package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/component-helpers/storage/ephemeral"
	volumehelpers "k8s.io/component-helpers/storage/volume"
)

// placement is a pod that goes to a node.
type placement struct {
	Pod  string `json:"pod"`
	Node string `json:"node"`
}

// replay carries out what fits, in turns, as the scheduler and the volume controllers would, until nothing more does: each pod in its
// turn, whoever was refused again once others have come, and nodes that join after all that fits without them. The verdicts are in the
// order of the placements.
func (c *cluster) replay(ctx context.Context, placements []placement, joins [][]runtime.Object) ([]verdict, error) {
	verdicts := make([]verdict, len(placements))
	left := make([]int, len(placements))
	for i := range left {
		left[i] = i
		verdicts[i] = verdict{Pod: placements[i].Pod, Node: placements[i].Node, Plugin: "replay", Reason: "the node never joins"}
	}
	left, err := c.settle(ctx, placements, left, verdicts)
	for _, joining := range joins {
		for _, object := range joining {
			if err == nil {
				err = c.put(object)
			}
		}
		c.look()
		if err == nil {
			left, err = c.settle(ctx, placements, left, verdicts)
		}
	}
	return verdicts, err
}

// settle carries out those of the placements left that fit on nodes that are there; it returns the others.
func (c *cluster) settle(ctx context.Context, placements []placement, left []int, verdicts []verdict) ([]int, error) {
	for {
		var refused []int
		for _, i := range left {
			if _, err := c.snapshot.Get(placements[i].Node); err != nil {
				refused = append(refused, i)
				continue
			}
			fits, err := c.place(ctx, placements[i])
			if err != nil {
				return nil, err
			}
			verdicts[i] = fits
			if !fits.Fits {
				refused = append(refused, i)
			}
		}
		if len(refused) == len(left) {
			return left, nil
		}
		left = refused
	}
}

// place judges a placement and carries it out if it fits.
func (c *cluster) place(ctx context.Context, step placement) (verdict, error) {
	pod, err := c.pod(step.Pod)
	if err != nil {
		return verdict{}, err
	}
	info, err := c.snapshot.Get(step.Node)
	if err != nil {
		return verdict{}, fmt.Errorf("placement of %s: %w", step.Pod, err)
	}
	judged := c.judge(ctx, pod, []*v1.Node{info.Node()})
	if err := judged.failure(); err != nil {
		return verdict{}, err
	}
	said := judged.verdict(pod, step.Node)
	if said.Fits {
		err = c.bind(pod, info.Node())
	}
	return said, err
}

func (c *cluster) bind(pod *v1.Pod, node *v1.Node) error {
	for i := range pod.Spec.Volumes {
		if err := c.provision(pod, &pod.Spec.Volumes[i], node); err != nil {
			return err
		}
	}
	bound := pod.DeepCopy()
	bound.Spec.NodeName = node.Name
	bound.Status.NominatedNodeName = ""
	for i := range c.pods {
		if c.pods[i] == pod {
			c.pods[i] = bound
		}
	}
	if err := c.factory.put(bound); err != nil {
		return err
	}
	c.look()
	return nil
}

// provision gives a claim that waits for its first pod a volume where the pod is: one that is there, or a new one.
func (c *cluster) provision(pod *v1.Pod, volume *v1.Volume, node *v1.Node) error {
	name := ""
	switch {
	case volume.PersistentVolumeClaim != nil:
		name = volume.PersistentVolumeClaim.ClaimName
	case volume.Ephemeral != nil:
		name = ephemeral.VolumeClaimName(pod, volume)
	default:
		return nil
	}
	claim, err := c.factory.Core().V1().PersistentVolumeClaims().Lister().PersistentVolumeClaims(pod.Namespace).Get(name)
	if err != nil || claim.Spec.VolumeName != "" {
		return nil // missing (judged already), or bound
	}
	made, err := c.volumeFor(claim, node)
	if err != nil {
		return err
	}
	if err := c.factory.put(made); err != nil {
		return err
	}
	bound := claim.DeepCopy()
	bound.Spec.VolumeName = made.Name
	metav1.SetMetaDataAnnotation(&bound.ObjectMeta, volumehelpers.AnnBindCompleted, "yes")
	bound.Status.Phase = v1.ClaimBound
	return c.factory.put(bound)
}

func (c *cluster) volumeFor(claim *v1.PersistentVolumeClaim, node *v1.Node) (*v1.PersistentVolume, error) {
	reference := &v1.ObjectReference{Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID}
	all, _ := c.factory.Core().V1().PersistentVolumes().Lister().List(everything)
	if match, err := volumehelpers.FindMatchingVolume(claim, all, node, nil, true, true); err == nil && match != nil {
		bound := match.DeepCopy()
		bound.Spec.ClaimRef, bound.Status.Phase = reference, v1.VolumeBound
		return bound, nil
	}
	class, err := c.factory.Storage().V1().StorageClasses().Lister().Get(volumehelpers.GetPersistentVolumeClaimClass(claim))
	if err != nil {
		return nil, err
	}
	volume := &v1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "made-for-" + string(claim.UID), UID: claim.UID}}
	volume.Spec = v1.PersistentVolumeSpec{
		StorageClassName: class.Name, AccessModes: claim.Spec.AccessModes, VolumeMode: claim.Spec.VolumeMode, ClaimRef: reference,
		Capacity:               claim.Spec.Resources.Requests,
		NodeAffinity:           c.topologyOf(class, node),
		PersistentVolumeSource: v1.PersistentVolumeSource{CSI: &v1.CSIPersistentVolumeSource{Driver: class.Provisioner, VolumeHandle: string(claim.UID)}},
	}
	volume.Status.Phase = v1.VolumeBound
	return volume, nil
}

// topologyOf ties a new volume to the node's values of its driver's topology keys.
func (c *cluster) topologyOf(class *storage.StorageClass, node *v1.Node) *v1.VolumeNodeAffinity {
	csi, err := c.factory.Storage().V1().CSINodes().Lister().Get(node.Name)
	if err != nil {
		return nil
	}
	var requirements []v1.NodeSelectorRequirement
	for _, driver := range csi.Spec.Drivers {
		if driver.Name != class.Provisioner {
			continue
		}
		for _, key := range driver.TopologyKeys {
			requirements = append(requirements, v1.NodeSelectorRequirement{Key: key, Operator: v1.NodeSelectorOpIn, Values: []string{node.Labels[key]}})
		}
	}
	if len(requirements) == 0 {
		return nil
	}
	return &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchExpressions: requirements}}}}
}
