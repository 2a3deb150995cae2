//! The same against a real OpenStack: `GANTRY_TEST_CLOUDS_YAML` names its `clouds.yaml`, whose project must be empty.

use super::*;
use life::{possessions, refusals, whole_life};
use parts::all_parts;

#[tokio::test]
#[ignore = "needs GANTRY_TEST_CLOUDS_YAML and a running OpenStack"]
async fn a_real_cloud_answers_alike() {
    let path = std::env::var("GANTRY_TEST_CLOUDS_YAML").expect("GANTRY_TEST_CLOUDS_YAML must name the clouds.yaml of a test cloud");
    let text = std::fs::read_to_string(path).unwrap();
    for entry in ["openstack", "openstack-appcred"] {
        let config = CloudConfig::from_clouds_yaml(&text, entry, SecretFiles::default()).unwrap();
        let cloud = OpenStack::connect(config, Pacing::default(), no_hook()).unwrap();
        possessions(&cloud).await;
        whole_life(&cloud).await;
        refusals(&cloud).await;
        all_parts(&cloud).await;
        assert_eq!(cloud.ports_of(&mark()).await.unwrap(), []);
    }
}
