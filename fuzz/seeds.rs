//! What fuzzing starts from: the examples.

/// The examples as they are.
pub fn worlds() -> Vec<String> {
    let shop = [include_str!("../examples/plan/shop/cloud.yaml"), include_str!("../examples/plan/shop/pods.yaml")];
    let cluster = [include_str!("../examples/plan/cluster/cloud.yaml"), include_str!("../examples/plan/cluster/cluster.json")];
    let whole = [shop.join("\n---\n"), cluster.join("\n---\n")];
    shop.into_iter().chain(cluster).map(str::to_owned).chain(whole).collect()
}

/// Writes them into the folder that `GANTRY_FUZZ_SEEDS` names, if it does.
pub fn write(seeds: Vec<String>) {
    let Some(folder) = std::env::var_os("GANTRY_FUZZ_SEEDS") else { return };
    for (at, seed) in seeds.iter().enumerate() {
        std::fs::write(std::path::Path::new(&folder).join(format!("example-{at}")), seed).expect("the folder of seeds can be written to");
    }
}
