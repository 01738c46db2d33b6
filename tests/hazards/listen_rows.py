"""Rows of listeners: connections, TLS, peers, what is cut."""

_D = "daemon"

LISTEN: dict[str, tuple[str, ...]] = {
    # Pairing and work behind one door.
    "H1": (
        f"{_D}/test_peers.py::test_a_device_without_a_certificate_enrols_and_does_not_work",
        f"{_D}/test_clients.py::test_curl_comes_in_as_a_device_alone",
    ),
    # One source uses up what is for all.
    "H3": (
        f"{_D}/test_peers.py::test_one_host_is_one_source",
        f"{_D}/test_listener.py::test_a_source_has_so_many_open_connections",
    ),
    # Old fingerprints.
    "H18": (f"{_D}/test_cutting.py::test_a_certificate_that_was_replaced_is_cut_with_the_next_line",),
    # The server's certificate.
    "H19": (
        f"{_D}/test_cutting.py::test_the_certificate_of_the_server_is_swapped_under_open_connections",
        f"{_D}/test_tls.py::test_a_context_follows_the_gateway",
    ),
    # CAs that change.
    "H20": (
        f"{_D}/test_cutting.py::test_nobody_notices_that_another_ca_signs",
        f"{_D}/test_cutting.py::test_an_emergency_ends_every_connection_of_before",
        f"{_D}/test_quota.py::test_the_connections_of_a_void_ca_do_not_come_in_late",
        f"{_D}/test_tls.py::test_a_context_follows_the_gateway",
    ),
    # Revocation that listeners do not hear of.
    "H23": (
        f"{_D}/test_cutting.py::test_a_revoked_device_is_cut_off_in_the_middle_of_a_line",
        f"{_D}/test_two_processes.py::test_what_another_process_revokes_is_cut_here",
        f"{_D}/test_cutting.py::test_every_line_is_a_question",
        f"{_D}/test_cutting.py::test_nobody_is_connected_while_nobody_watches",
        f"{_D}/test_clients.py::test_a_stream_over_http2_is_cut",
        f"{_D}/test_peers.py::test_a_certificate_that_stands_for_nobody_is_answered_nothing",
    ),
    # Resumption, TLS 1.2.
    "H24": (
        f"{_D}/test_peers.py::test_tls_1_2_is_refused",
        f"{_D}/test_peers.py::test_no_session_is_taken_up_again",
        f"{_D}/test_peers.py::test_a_resumed_session_would_be_refused_too",
        f"{_D}/test_cutting.py::test_every_request_is_a_question",
        f"{_D}/test_clients.py::test_openssl_resumes_nothing",
        f"{_D}/test_tls.py::test_a_context_is_of_tls_1_3_and_resumes_nothing",
    ),
    # Memory ahead of the disk.
    "H33": (f"{_D}/test_tls.py::test_what_cannot_be_renewed_is_used_on",),
    # Another process revokes.
    "H34": (
        f"{_D}/test_cutting.py::test_a_revoked_device_is_cut_off_in_the_middle_of_a_line",
        f"{_D}/test_two_processes.py::test_what_another_process_revokes_is_cut_here",
    ),
    # A raw key in a file.
    "H35": (f"{_D}/test_tls.py::test_the_key_is_never_a_clear_file",),
    # One that writes keeps the others waiting.
    "H38": (f"{_D}/test_cutting.py::test_a_renewal_that_waits_keeps_no_revocation_waiting",),
    # Silent, slow and many.
    "H39": (
        f"{_D}/test_listener.py::test_silent_connections_leave_the_others_served",
        f"{_D}/test_listener.py::test_who_has_most_makes_room_for_who_has_less",
        f"{_D}/test_listener.py::test_a_source_connects_so_often",
        f"{_D}/test_listener.py::test_a_handshake_has_its_time",
        f"{_D}/test_listener.py::test_a_request_has_its_time_and_its_size",
        f"{_D}/test_listener.py::test_who_does_not_read_is_cut_off_and_stops_nobody",
        f"{_D}/test_listener.py::test_what_is_no_tls_ends_its_own_connection",
        f"{_D}/test_http2.py::test_one_stream_does_not_stop_another",
        f"{_D}/test_cutting.py::test_a_device_has_so_many_connections",
        f"{_D}/test_quota.py::test_no_order_of_events_breaks_a_share",
        f"{_D}/test_quota.py::test_a_newcomer_gets_in_while_somebody_has_more",
    ),
    # Paired on paper.
    "H42": (
        f"{_D}/test_peers.py::test_a_device_is_known_by_its_certificate",
        f"{_D}/test_clients.py::test_httpx_comes_in_by_either_protocol",
    ),
    # The server hides its peer; QUIC lets everybody in.
    "H43": (
        f"{_D}/test_hypercorn.py::test_its_classes_are_the_ones_that_are_used",
        f"{_D}/test_hypercorn.py::test_no_udp_port_is_ever_open",
        f"{_D}/test_peers.py::test_no_header_makes_a_peer",
        f"{_D}/test_peers.py::test_a_request_without_a_peer_is_nobodys",
    ),
    # A handshake that only the client believes in.
    "H45": (f"{_D}/test_peers.py::test_who_reads_first_does_not_believe_in_a_connection_that_is_none",),
}
