//! What is read, what is refused and in which words, and what is held back for want of knowledge.

use gantry_plan::Plan;

use super::*;
use crate::offline::plan_bytes;

const CLOUD: &str = r#"
apiVersion: gantry.cloud/v1alpha1
kind: OpenStackCloud
metadata: {name: main, namespace: apps}
spec: {credentials: {secretName: openstack}}
status: {offerings: [{flavor: m1, zone: az1, vcpus: 4, memoryMiB: 16384, diskGiB: 40, price: "0.1", available: true}]}
---
apiVersion: gantry.cloud/v1alpha1
kind: VMPool
metadata: {name: general, namespace: apps}
spec: {cloudName: main, template: {flavors: {names: [m1]}, image: {name: x}, ports: [{network: {name: n}}]}}
"#;
const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, resources: {requests: {cpu: 1}}}]}}";

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000).unwrap()
}

fn answer(text: &str) -> Result<(World, Plan), Vec<String>> {
    plan_bytes(text.as_bytes(), now(), 1_000).map_err(|problems| problems.iter().map(Problem::to_string).collect())
}

fn refused(text: &str) -> String {
    answer(text).unwrap_err().join(" | ")
}

fn notes(text: &str) -> Vec<String> {
    answer(text).unwrap().0.notes().into_iter().map(|note| note.0).collect()
}

#[test]
fn the_same_object_is_read_from_every_form() {
    let json = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":1}}}]}}"#;
    let untyped = json.replace(r#""apiVersion":"v1","kind":"Pod","#, "");
    let forms = [
        format!("---\n# a comment\n- {POD}"),
        json.to_owned(),
        format!("\u{feff}\n {json}\n"),
        format!("[{json}]"),
        format!(r#"{{"apiVersion":"v1","items":[{json}],"kind":"List"}}"#),
        format!(r#"{{"kind":"PodList","items":[{untyped}]}}"#),
    ];
    for form in &forms {
        let pods = answer(form).unwrap().0.snapshot.pods;
        let read: Vec<_> = pods.iter().map(|pod| (pod.key.to_string(), pod.spec.requests.cpu_milli, pod.unschedulable)).collect();
        assert_eq!(read, [("default/a".to_owned(), 1_000, true)], "{form}");
    }
}

#[test]
fn many_documents_are_read_one_after_the_other() {
    let lines = r#"{"kind":"Namespace","metadata":{"name":"a"}}{"kind":"Namespace","metadata":{"name":"b"}}
{"kind":"Namespace","metadata":{"name":"c"}}"#;
    let names: Vec<String> = answer(lines).unwrap().0.snapshot.namespaces.into_keys().collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let pod = |spec: &str| format!(r#"{{"items":[{{"kind":"Pod","metadata":{{"namespace":"x","name":"a"}},"spec":{spec}}}]}}"#);
    let cases = [
        (
            pod(r#"{"containers":5}"#),
            "standard input, document 1, item 1, Pod x/a: spec.containers: invalid type: integer `5`, expected a sequence",
        ),
        (
            pod(r#"{"containers":[{"resources":{"requests":{"memory":"4 GB"}}}]}"#),
            "standard input, document 1, item 1, Pod x/a: spec.containers[0].resources.requests.memory: it is no quantity; write one such as 500m, 2 or 4Gi",
        ),
        (r#"{"metadata":{"name":"a"}}"#.into(), "standard input, document 1: it has no kind; every object says what it is"),
        (
            "kind: Node\nspec: {}".into(),
            "standard input, document 1 (from line 1), Node: metadata.name: it is missing; every object has a name",
        ),
        (
            "# a\n---\n# b\n---\n3".into(),
            "standard input, document 3 (from line 5): it is neither an object nor a list of objects; write objects as kubectl does",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(&text), expected);
    }
    let cut =
        "standard input, document 1: it ends in the middle, at line 1, column 8: it was cut off, or is still being written; write it again";
    assert_eq!(refused(r#"{"kind":"#), cut);
    assert!(refused("a: [").contains("document 1 (from line 1): it is no YAML:"), "{}", refused("a: ["));
}

#[test]
fn sizes_that_the_api_would_refuse_are_refused() {
    let text = CLOUD.replace("cloudName: main,", "cloudName: main, minHosts: 2000000000,");
    assert!(
        refused(&text).ends_with("VMPool apps/general: spec.minHosts: it is 2000000000; write a number from 0 to 5000"),
        "{}",
        refused(&text)
    );
    let dear = CLOUD.replace("0.1", "9000000000");
    assert!(refused(&dear).ends_with("m1 in az1 has a size or a price that no server has"), "{}", refused(&dear));
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!(r#"{{"kind":"Pod","metadata":{{"name":"a"}},"spec":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(!refused(&deep).is_empty());
    assert!(!refused(&format!("a: {}{}", "[".repeat(1_000), "]".repeat(1_000))).is_empty());
}

#[test]
fn a_manifest_is_bought_for_and_a_pod_that_the_scheduler_has_not_tried_is_not() {
    let creates = |pod: &str| answer(&format!("{CLOUD}---\n{}", pod.replace("{apiVersion", "- {apiVersion"))).unwrap().1.commands.len();
    assert_eq!(creates(POD), 1);
    assert_eq!(creates(&POD.replace("spec:", "status: {phase: Pending}, spec:")), 0);
}

#[test]
fn what_is_not_in_the_input_is_said() {
    let claims = POD.replace("spec: {", "spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], ");
    let told = notes(&format!("- {claims}"));
    let expected = [
        "no VMPool in the input: nothing can be bought",
        "no DaemonSet in the input: new nodes are taken to run none",
        "no PersistentVolumeClaim in the input: pods with claims are not bought for",
        "no StorageClass in the input: claims that wait for a consumer are taken to fit every zone",
        "no CSINode in the input: nodes are taken to attach any number of volumes",
    ];
    assert_eq!(told, expected);
}

#[test]
fn without_nodes_nothing_is_bought_where_pods_run_on_some() {
    let running = POD.replace("name: a", "name: b").replace("spec: {", "status: {phase: Running}, spec: {nodeName: n, ");
    let (world, plan) = answer(&format!("{CLOUD}---\n- {POD}\n- {running}")).unwrap();
    let why = world.blind.to_buy.clone().unwrap();
    let left: Vec<_> = plan.unplaced.iter().map(|left| (left.pod.to_string(), left.reasons[0].1.clone())).collect();
    assert_eq!((plan.commands.len(), plan.cost.after_micro, left), (0, 0, vec![("default/a".to_owned(), why)]));
}

#[test]
fn a_class_gives_its_pods_their_priority() {
    let text = format!(
        "- {}\n- {{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {{name: high}}, value: 7, preemptionPolicy: Never}}",
        POD.replace("spec: {", "spec: {priorityClassName: high, ")
    );
    let pods = answer(&text).unwrap().0.snapshot.pods;
    assert_eq!((pods[0].spec.priority, pods[0].spec.never_preempts), (7, true));
}

#[test]
fn kinds_of_other_groups_are_passed_over() {
    let text = r#"{"kind":"Node","apiVersion":"management.example.com/v3","metadata":{"name":"x"}}"#;
    let (world, _) = answer(text).unwrap();
    assert_eq!(world.snapshot.nodes.len(), 0);
    assert!(notes(text).contains(&"passed over, as planning does not need them: 1 Node".to_owned()));
}
