//! What Nova shows of a server, and what is done about it. The rules are the host's state machine; the tests named here are theirs.

/// One situation of a server.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// What is seen.
    pub situation: &'static str,
    /// What is done.
    pub does: &'static str,
    /// The test that holds it.
    pub test: &'static str,
}

const fn state(situation: &'static str, does: &'static str, test: &'static str) -> State {
    State { situation, does, test }
}

/// The table.
pub static STATES: &[State] = &[
    state("BUILD for half an hour", "waited for", "t7_a_build_of_half_an_hour_is_waited_for_and_one_for_ever_is_not"),
    state(
        "BUILD for ever",
        "after 45 min the host fails (`BuildTimeout`); server and parts are deleted",
        "t7_a_build_of_half_an_hour_is_waited_for_and_one_for_ever_is_not",
    ),
    state(
        "ERROR before the node registered",
        "the host fails with the fault's meaning; server and parts are deleted",
        "what_is_done_in_every_state",
    ),
    state(
        "ERROR after the node registered",
        "told, with the commands that repair it; nothing is deleted",
        "what_people_are_told_of_a_joined_host_that_is_not_ready",
    ),
    state(
        "SHUTOFF, PAUSED, SUSPENDED, SHELVED, RESCUE, VERIFY_RESIZE",
        "told, with the command that ends it; nothing is deleted",
        "what_people_are_told_of_a_joined_host_that_is_not_ready",
    ),
    state(
        "it comes back from any of these",
        "the host goes on as if nothing had been",
        "t15_a_server_that_comes_back_goes_on_as_if_nothing_had_been",
    ),
    state("UNKNOWN: its cell is down", "told; nothing is concluded", "what_is_done_in_every_state"),
    state("somebody else deletes it", "waited for, then replaced", "a_server_that_somebody_else_deletes_is_waited_for"),
    state(
        "our DELETE hangs",
        "sent again with growing pauses; the host stays, and counts",
        "t16_a_deletion_that_hangs_is_sent_again_with_growing_pauses",
    ),
    state(
        "SOFT_DELETED",
        "the host stays until the server is gone for good; it counts for the quota",
        "t16_what_a_going_host_is_told_of_a_server_that_stays",
    ),
    state("404 once, or its node is Ready", "nothing is concluded", "one_404_proves_nothing_and_a_ready_node_outweighs_them_all"),
    state(
        "a list does not show it",
        "asked for by id, unless its node is ready",
        "a_server_that_the_list_does_not_show_is_asked_for_by_id_unless_its_node_is_ready",
    ),
    state(
        "a list misses more than a fifth of all",
        "nothing is concluded from absence, and nothing is created where servers are missing",
        "more_than_a_fifth_holds_conclusions_and_creation",
    ),
    state("a part of the list cannot be read", "the whole list is discarded", "a_page_that_fails_fails_the_list"),
    state(
        "two servers bear one host's UID",
        "the ACTIVE one is adopted, the other deleted by id",
        "of_several_servers_the_active_one_is_adopted_and_one_in_error_only_if_there_is_no_other",
    ),
    state(
        "ACTIVE, its port belongs to another server",
        "after a minute the host fails (`PortLost`)",
        "a_port_is_lost_when_neutron_says_so_for_a_minute",
    ),
    state(
        "ACTIVE, no node after 15 min",
        "the host fails (`JoinTimeout`)",
        "join_and_first_ready_have_limits_that_do_not_run_while_nothing_can_be_seen",
    ),
];
