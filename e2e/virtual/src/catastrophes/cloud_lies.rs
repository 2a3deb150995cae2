//! The cloud's answers are wrong: empty, cut, partial, somebody else's (T1, T3, T4, T5, T24).

use anyhow::{Result, ensure};
use serde_json::json;

use super::scene::{Scene, Trial, counts, fault, minutes, no_faults, nodes_fall_silent, untouched, want, want_in_zone};
use crate::lab::Life;
use crate::world::{Setup, World};

/// The condition of a cloud whose list misses what Hosts record.
const CONSISTENT: &str = "CloudInventoryConsistent";

fn is_consistent(world: &World) -> Option<bool> {
    world.condition("openstackclouds", "main", CONSISTENT).map(|(status, _)| status == "True")
}

/// 15 min with nodes Ready, 15 min with nodes silent.
pub fn empty_list(trial: Trial) -> Result<String> {
    let fleet = trial.fleet();
    let mut scene = Scene::with_fleet(fleet, Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        life.sleep(minutes(3)).await;
        let before = counts(&life.world);
        fault(&life.world, json!({"kind": "list"}));
        life.sleep(minutes(5)).await;
        ensure!(is_consistent(&life.world) == Some(false), "the condition {CONSISTENT} is not False\n{}", life.world.picture());
        life.sleep(minutes(10)).await;
        nodes_fall_silent(&life.world);
        life.sleep(minutes(15)).await;
        untouched(&life.world, before)?;
        no_faults(&life.world);
        life.until("the cloud is consistent again", minutes(5), |world| is_consistent(world) == Some(true)).await?;
        untouched(&life.world, before)?;
        Ok(format!("{fleet} hosts, list empty for 30 min: 0 deletes, 0 creates, {CONSISTENT}=False and back"))
    })
}

/// Each way in which one page of five can break, for five minutes.
pub fn broken_pages(trial: Trial) -> Result<String> {
    let fleet = trial.fleet();
    let setup = Setup { page: fleet / 5, ..Setup::small(trial.seed) };
    let mut scene = Scene::with_fleet(fleet, setup)?;
    let path = "/compute/v2.1/servers/detail";
    let breaks =
        [json!({"status": 500}), json!({"hang": true}), json!({"cut": 0.5}), json!({"repeatMarker": true}), json!({"reset": true})];
    scene.play(async |life: Life| {
        life.sleep(minutes(3)).await;
        let before = counts(&life.world);
        for kind in &breaks {
            for page in 1..=4_u64 {
                let mut rule = json!({"kind": "request", "method": "GET", "path": path, "query": "marker=", "skip": page - 1});
                json_patch::merge(&mut rule, kind);
                fault(&life.world, rule);
                life.sleep(minutes(3)).await;
                untouched(&life.world, before)?;
                no_faults(&life.world);
                life.sleep(minutes(2)).await;
            }
        }
        untouched(&life.world, before)?;
        Ok(format!("{fleet} hosts, {} kinds of break on 4 pages: 0 deletes, 0 creates", breaks.len()))
    })
}

/// The servers of az1 are omitted or stubs; az2 goes on being served.
pub fn cell_down(trial: Trial) -> Result<String> {
    let fleet = trial.fleet();
    let mut scene = Scene::with_fleet(fleet, Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        want(&life.world, fleet);
        life.sleep(minutes(3)).await;
        let before = counts(&life.world);
        fault(&life.world, json!({"kind": "cell", "zone": "az1"}));
        life.sleep(minutes(30)).await;
        untouched(&life.world, before)?;
        want_in_zone(&life.world, "az2");
        life.until("a host in the other cell", minutes(15), |world| world.hosts_in("Ready") > fleet).await?;
        let after = counts(&life.world);
        ensure!(after.creates == before.creates + 1 && after.deletes == before.deletes, "{before:?} became {after:?}");
        no_faults(&life.world);
        life.sleep(minutes(5)).await;
        let after = counts(&life.world);
        ensure!(after.going == 0 && after.deletes == before.deletes, "{before:?} became {after:?}");
        Ok(format!(
            "{fleet} hosts, half of them in the cell that is down for 30 min: 0 deletes, 0 replacements, 1 host bought in the other"
        ))
    })
}

/// Somebody else answers for all services.
pub fn proxy(trial: Trial) -> Result<String> {
    let fleet = trial.fleet().min(500);
    let mut scene = Scene::with_fleet(fleet, Setup::small(trial.seed))?;
    let answers = [
        json!({"status": 404, "body": "<html><body>not found</body></html>"}),
        json!({"status": 403, "body": "<html><body>forbidden</body></html>"}),
        json!({"status": 200, "body": "<html><body>please log in</body></html>"}),
        json!({"status": 404, "body": {"itemNotFound": {"code": 404, "message": "The resource could not be found."}}}),
    ];
    scene.play(async |life: Life| {
        life.sleep(minutes(3)).await;
        let before = counts(&life.world);
        for answer in &answers {
            let mut rule = json!({"kind": "request", "path": "/.*"});
            json_patch::merge(&mut rule, answer);
            fault(&life.world, rule);
            life.sleep(minutes(5)).await;
            nodes_fall_silent(&life.world);
            life.sleep(minutes(5)).await;
            untouched(&life.world, before)?;
            no_faults(&life.world);
            life.until("the cloud answers again", minutes(3), |world| {
                world.condition("openstackclouds", "main", "Ready").is_some_and(|(status, _)| status == "True")
            })
            .await?;
        }
        untouched(&life.world, before)?;
        Ok(format!("{fleet} hosts, {} false answers for 10 min each: 0 deletes, 0 creates", answers.len()))
    })
}

/// Lists and servers without one field at a time, and with none at all.
pub fn fields_left_out(trial: Trial) -> Result<String> {
    let mut scene = Scene::with_fleet(20, Setup::small(trial.seed))?;
    let bodies = [
        json!({}),
        json!({"servers": null}),
        json!({"servers": [{}]}),
        json!({"servers": [{"id": "x"}]}),
        json!({"server": {}}),
        json!({"server": {"id": "x", "status": "DELETED"}}),
        json!({"ports": []}),
        json!([]),
    ];
    scene.play(async |life: Life| {
        life.sleep(minutes(3)).await;
        let before = counts(&life.world);
        for body in &bodies {
            fault(
                &life.world,
                json!({"kind": "request", "method": "GET", "path": "/(compute|networking)/.*", "status": 200, "body": body}),
            );
            life.sleep(minutes(10)).await;
            untouched(&life.world, before)?;
            no_faults(&life.world);
            life.sleep(minutes(3)).await;
        }
        untouched(&life.world, before)?;
        Ok(format!("20 hosts, {} answers without what they should hold: 0 deletes, 0 creates", bodies.len()))
    })
}
