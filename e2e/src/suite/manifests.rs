//! What a user would `kubectl apply`, as text.

/// A Secret with clouds.yaml and the OpenStackCloud `main` that uses it.
pub fn cloud(namespace: &str, clouds_yaml: &str, entry: &str) -> String {
    let indented: String = clouds_yaml.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: openstack, namespace: {namespace}}}\nstringData:\n  clouds.yaml: |\n{indented}---\n\
         apiVersion: gantry.cloud/v1alpha1\nkind: OpenStackCloud\nmetadata: {{name: main, namespace: {namespace}}}\n\
         spec:\n  credentials: {{secretName: openstack, cloud: {entry}}}\n  pacing: {{requestsPerSecond: 50, concurrentBuilds: 20}}\n"
    )
}

/// A pool of ten lines with `extra` lines in its spec (two spaces deep) and `node` as flow YAML of template.node.
pub fn pool(namespace: &str, name: &str, extra: &str, node: &str) -> String {
    format!(
        "apiVersion: gantry.cloud/v1alpha1\nkind: VMPool\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec:\n  cloudName: main\n{extra}  disruption: {{consolidation: {{after: 3s}}}}\n  template:\n    flavors: {{names: [m1.large, m1.xlarge]}}\n    \
         image: {{name: debian-12-k8s}}\n    ports: [{{network: {{name: apps}}, subnet: {{name: apps-v4}}, securityGroups: [{{name: nodes}}]}}]\n    node: {node}\n"
    )
}

/// A Deployment of pods that ask for `cpu` and run the pause image; `pod` is flow YAML that is merged into the pod's spec.
pub fn deployment(namespace: &str, name: &str, replicas: usize, cpu: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      terminationGracePeriodSeconds: 1\n\
         {pod}      containers:\n      - name: main\n        image: gantry.local/pause:1\n        imagePullPolicy: Never\n        resources: {{requests: {{cpu: {cpu}, memory: 64Mi}}}}\n"
    )
}
