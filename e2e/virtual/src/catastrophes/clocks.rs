//! Clocks that are wrong (T21).

use anyhow::{Result, ensure};
use jiff::SignedDuration;

use super::scene::{Scene, Trial, counts, grown, minutes, want};
use crate::lab::{End, Life};
use crate::wire::Wire;
use crate::world::Setup;

/// The operator's clock is ahead and behind, by little and by much.
pub fn wrong_clocks(trial: Trial) -> Result<String> {
    let errors =
        [SignedDuration::from_mins(10), SignedDuration::from_mins(-10), SignedDuration::from_hours(48), SignedDuration::from_hours(-48)];
    for error in errors {
        let mut scene = Scene::new(&Setup::small(trial.seed))?;
        let replica = [("gantry-0", Wire::whole(), error)];
        let end = scene.lab.lives(&replica, async |life: Life| {
            want(&life.world, 3);
            // A token that is made in the past or the future of the API server may cost the join, never a host that is there.
            grown(&life, 3, minutes(90)).await?;
            life.sleep(minutes(60)).await;
            ensure!(life.world.hosts_in("Ready") == 3, "{}", life.world.picture());
            Ok(counts(&life.world))
        });
        let End::Done(after) = end.map_err(|why| why.context(format!("with a clock that is wrong by {error:#}")))? else {
            anyhow::bail!("a whole wire was cut")
        };
        scene.unbroken()?;
        ensure!(after.hosts == 3 && after.going == 0 && after.deletes == 0 && after.creates == 3, "wrong by {error:#}: {after:?}");
    }
    Ok("clock wrong by +10 min, -10 min, +2 days, -2 days: 3 hosts for 3 pods, 0 deletes, 0 early time-outs".into())
}
