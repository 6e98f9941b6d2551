/* Unit tests of src/upstream: the forwarder against servers of this test on loopback sockets, in one
 * loop. Servers answer as each case says: well, late, wrongly, not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "base/hash.h"
#include "dns/query.h"
#include "upstream/upstream.h"

/* ---- a server ---------------------------------------------------------------------------- */

struct server;
typedef void (*behaviour)(struct server *server, const uint8_t *query, size_t length,
                          const struct sockaddr *peer);

struct server {
	uv_udp_t udp;
	uv_tcp_t tcp;
	struct addr_port address;
	behaviour behave;
	bool tcp_works;
	unsigned udp_queries, tcp_queries;
	unsigned *turn; /* of let_the_first_be_silent */
	uint8_t buffer[4096], stream[4096];
	size_t stream_length;
};

struct world {
	uv_loop_t loop;
	struct forwarder *forwarder;
	struct server servers[2];
	size_t server_count;
	unsigned done;
	struct forward_result result; /* the last; its answer is ours */
	char upstream[64];
};

/* An answer with one A record 192.0.2.`last`. Returns its length. */
static size_t answer(uint8_t *out, const uint8_t *query, size_t length, uint8_t last)
{
	size_t end = DNS_HEADER_BYTES;
	while (query[end])
		end += query[end] + 1u;
	end += 5;
	assert_true(end <= length);
	memcpy(out, query, end);
	out[2] |= 0x80;
	dns_write16(out + 6, 1);
	dns_write16(out + 8, 0);
	dns_write16(out + 10, 0);
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2};
	memcpy(out + end, record, sizeof record);
	out[end + sizeof record] = last;
	return end + sizeof record + 1;
}

static void send_to(struct server *server, const uint8_t *bytes, size_t length,
                    const struct sockaddr *peer)
{
	uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
	assert_int_equal(uv_udp_try_send(&server->udp, &buffer, 1, peer), (int)length);
}

static void behave_well(struct server *server, const uint8_t *query, size_t length,
                        const struct sockaddr *peer)
{
	uint8_t out[600];
	send_to(server, out, answer(out, query, length, 7), peer);
}

static void stay_silent(struct server *server, const uint8_t *query, size_t length,
                        const struct sockaddr *peer)
{
	(void)server;
	(void)query;
	(void)length;
	(void)peer;
}

/* Eight kinds of junk from the right address, then the good answer. */
static void send_junk_first(struct server *server, const uint8_t *query, size_t length,
                            const struct sockaddr *peer)
{
	uint8_t good[600], bad[600];
	size_t size = answer(good, query, length, 7);
	memcpy(bad, good, size);
	bad[0] ^= 0x55; /* wrong id */
	send_to(server, bad, size, peer);
	memcpy(bad, good, size);
	bad[13] ^= 0x01; /* wrong name */
	send_to(server, bad, size, peer);
	memcpy(bad, good, size);
	bad[size - 18] ^= 0x01; /* wrong class */
	send_to(server, bad, size, peer);
	memcpy(bad, good, size);
	bad[2] &= 0x7f; /* QR 0 */
	send_to(server, bad, size, peer);
	memcpy(bad, good, size);
	bad[5] = 0; /* QDCOUNT 0 */
	send_to(server, bad, size, peer);
	send_to(server, good, 5, peer);        /* short */
	send_to(server, good, size - 3, peer); /* cut */
	memset(bad, 0xff, sizeof bad);         /* garbage */
	memcpy(bad, good, 2);
	send_to(server, bad, 100, peer);
	send_to(server, good, size, peer);
}

static void say_servfail(struct server *server, const uint8_t *query, size_t length,
                         const struct sockaddr *peer)
{
	uint8_t out[600];
	size_t size = answer(out, query, length, 7) - 16;
	out[3] = DNS_RCODE_SERVFAIL;
	out[7] = 0;
	send_to(server, out, size, peer);
}

static void truncate_udp(struct server *server, const uint8_t *query, size_t length,
                         const struct sockaddr *peer)
{
	uint8_t out[600];
	size_t size = answer(out, query, length, 7) - 16;
	out[2] |= 0x02;
	out[7] = 0;
	send_to(server, out, size, peer);
}

static void guess_ids(struct server *server, const uint8_t *query, size_t length,
                      const struct sockaddr *peer)
{
	uint8_t out[600];
	size_t size = answer(out, query, length, 66);
	for (uint8_t i = 1; i <= 10; i++) {
		out[1] = (uint8_t)(query[1] + i);
		send_to(server, out, size, peer);
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct server *server = handle->data;
	*buffer = uv_buf_init((char *)server->buffer, sizeof server->buffer);
}

static void on_udp(uv_udp_t *udp, ssize_t count, const uv_buf_t *buffer,
                   const struct sockaddr *peer, unsigned flags)
{
	(void)flags;
	struct server *server = udp->data;
	if (count <= 0 || !peer)
		return;
	server->udp_queries++;
	server->behave(server, (const uint8_t *)buffer->base, (size_t)count, peer);
}

static void on_stream_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_stream(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct server *server = stream->data;
	if (count < 0) {
		uv_close((uv_handle_t *)stream, on_stream_closed);
		return;
	}
	memcpy(server->stream + server->stream_length, buffer->base, (size_t)count);
	server->stream_length += (size_t)count;
	if (server->stream_length < 2 || server->stream_length < 2u + dns_read16(server->stream))
		return;
	server->tcp_queries++;
	if (!server->tcp_works) {
		uv_close((uv_handle_t *)stream, on_stream_closed);
		return;
	}
	uint8_t out[602];
	size_t size = answer(out + 2, server->stream + 2, dns_read16(server->stream), 9);
	dns_write16(out, (uint16_t)size);
	/* In two pieces: a length prefix may come alone. */
	uv_buf_t first = uv_buf_init((char *)out, 1),
			 rest = uv_buf_init((char *)out + 1, (unsigned)size + 1);
	assert_int_equal(uv_try_write(stream, &first, 1), 1);
	assert_int_equal(uv_try_write(stream, &rest, 1), (int)size + 1);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct server *server = listener->data;
	assert_int_equal(status, 0);
	uv_tcp_t *stream = calloc(1, sizeof *stream);
	assert_non_null(stream);
	uv_tcp_init(listener->loop, stream);
	stream->data = server;
	server->stream_length = 0;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)stream), 0);
	uv_read_start((uv_stream_t *)stream, on_alloc, on_stream);
}

static void add_server(struct world *world, behaviour behave)
{
	struct server *server = &world->servers[world->server_count++];
	struct sockaddr_storage bound;
	int length = sizeof bound;
	struct addr_port any;
	server->behave = behave;
	server->tcp_works = true;
	assert_int_equal(addr_port_parse("127.0.0.1", 53, &any), PF_OK);
	any.port = 0;
	addr_to_sockaddr(&any, &bound);
	uv_udp_init(&world->loop, &server->udp);
	uv_tcp_init(&world->loop, &server->tcp);
	server->udp.data = server->tcp.data = server;
	assert_int_equal(uv_udp_bind(&server->udp, (struct sockaddr *)&bound, 0), 0);
	uv_udp_getsockname(&server->udp, (struct sockaddr *)&bound, &length);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&bound, &server->address), PF_OK);
	assert_int_equal(uv_tcp_bind(&server->tcp, (struct sockaddr *)&bound, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&server->tcp, 16, on_connection), 0);
	uv_udp_recv_start(&server->udp, on_alloc, on_udp);
}

/* ---- the world --------------------------------------------------------------------------- */

static int build(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	assert_non_null(world);
	uv_loop_init(&world->loop);
	world->forwarder = upstream_new(&world->loop);
	assert_non_null(world->forwarder);
	*state = world;
	return 0;
}

static void close_handle(uv_handle_t *handle, void *data)
{
	(void)data;
	const struct server *server = handle->data;
	bool stream = handle->type == UV_TCP && (const void *)handle != &server->tcp;
	if (!uv_is_closing(handle))
		uv_close(handle, stream ? on_stream_closed : NULL);
}

static int tear_down(void **state)
{
	struct world *world = *state;
	assert_true(upstream_idle(world->forwarder));
	answer_free(&world->result.answer);
	upstream_close(world->forwarder);
	uv_walk(&world->loop, close_handle, NULL);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	upstream_free(&world->forwarder);
	free(world);
	return 0;
}

static void on_done(void *data, const struct forward_result *result)
{
	struct world *world = data;
	world->done++;
	answer_free(&world->result.answer);
	world->result = *result;
	strcpy(world->upstream, result->upstream);
}

static void use(struct world *world)
{
	struct upstream_target targets[2];
	for (size_t i = 0; i < world->server_count; i++)
		targets[i] = upstream_target_plain(&world->servers[i].address);
	struct upstream_group group = {0, targets, world->server_count};
	world->forwarder->configure(world->forwarder, &group, 1);
}

static void fill(struct dns_query *query, const char *name)
{
	memset(query, 0, sizeof *query);
	assert_int_equal(dns_name_from_text(name, &query->name), PF_OK);
	query->type = DNS_TYPE_A;
	query->class = DNS_CLASS_IN;
	query->rd = true;
	memcpy(query->question, query->name.wire, query->name.length);
	dns_write16(query->question + query->name.length, query->type);
	dns_write16(query->question + query->name.length + 2, query->class);
	query->question_length = (uint16_t)(query->name.length + 4);
}

static void ask_group(struct world *world, uint64_t group, const char *name)
{
	struct dns_query query;
	unsigned done = world->done;
	fill(&query, name);
	uv_update_time(&world->loop);
	assert_int_equal(world->forwarder->ask(world->forwarder, group, &query, on_done, world), PF_OK);
	assert_int_equal(world->done, done); /* never from within ask */
	while (world->done == done)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_int_equal(world->done, done + 1);
}

static void ask(struct world *world, const char *name)
{
	ask_group(world, 0, name);
}

static void expect_address(struct world *world, const char *text)
{
	char shown[ADDR_TEXT_MAX];
	assert_int_equal(world->result.status, FORWARD_ANSWERED);
	assert_non_null(world->result.answer);
	assert_int_equal(world->result.answer->address_count, 1);
	addr_format(&world->result.answer->addresses[0], shown);
	assert_string_equal(shown, text);
}

/* ---- the cases --------------------------------------------------------------------------- */

static void answers_come_back(void **state)
{
	struct world *world = *state;
	char shown[ADDR_PORT_TEXT_MAX];
	add_server(world, behave_well);
	use(world);
	ask(world, "a.example");
	expect_address(world, "192.0.2.7");
	addr_port_format(&world->servers[0].address, shown);
	assert_string_equal(world->upstream, shown);
	struct upstream_stats stats[UPSTREAM_STATS_MAX];
	assert_int_equal(upstream_stats(world->forwarder, stats), 1);
	assert_int_equal(stats[0].queries, 1);
	assert_int_equal(stats[0].answers, 1);
	assert_int_equal(stats[0].timeouts, 0);
	assert_true(stats[0].rtt_us > 0);
}

static void junk_is_ignored(void **state)
{
	struct world *world = *state;
	struct upstream_stats stats[UPSTREAM_STATS_MAX];
	add_server(world, send_junk_first);
	use(world);
	ask(world, "a.example");
	expect_address(world, "192.0.2.7");
	upstream_stats(world->forwarder, stats);
	assert_int_equal(stats[0].junk, 8);
	assert_int_equal(world->servers[0].udp_queries, 1); /* nobody had to ask again */
}

static void a_truncated_answer_is_fetched_over_tcp(void **state)
{
	struct world *world = *state;
	add_server(world, truncate_udp);
	use(world);
	ask(world, "a.example");
	expect_address(world, "192.0.2.9");
	assert_int_equal(world->servers[0].tcp_queries, 1);
}

static void guessed_ids_lead_to_tcp(void **state)
{
	struct world *world = *state;
	add_server(world, guess_ids);
	use(world);
	ask(world, "a.example");
	expect_address(world, "192.0.2.9"); /* never 192.0.2.66 */
	assert_int_equal(world->servers[0].tcp_queries, 1);
}

static void a_broken_tcp_server_ends_in_failure(void **state)
{
	struct world *world = *state;
	add_server(world, truncate_udp);
	world->servers[0].tcp_works = false;
	use(world);
	ask(world, "a.example");
	assert_int_not_equal(world->result.status, FORWARD_ANSWERED);
	assert_null(world->result.answer);
}

static void a_silent_server_is_passed_over(void **state)
{
	struct world *world = *state;
	add_server(world, stay_silent);
	add_server(world, behave_well);
	use(world);
	ask(world, "a.example");
	expect_address(world, "192.0.2.7");
	ask(world, "b.example"); /* by now the good one comes first */
	expect_address(world, "192.0.2.7");
	assert_in_range(world->servers[0].udp_queries, 1, 3); /* more when the machine stands still */
	assert_in_range(world->servers[1].udp_queries, 2, 4);
}

static void let_the_first_be_silent(struct server *server, const uint8_t *query, size_t length,
                                    const struct sockaddr *peer)
{
	if ((*server->turn)++)
		behave_well(server, query, length, peer);
}

/* Long before the first has had all its time. On a machine that stands still what is measured is long, and a question that was late for that
 * has used up what others may be hedged with: both pass with questions that are answered, so it is tried again. */
static void a_late_server_is_hedged(void **state)
{
	struct world *world = *state;
	struct upstream_stats stats[UPSTREAM_STATS_MAX];
	unsigned turn = 1;
	bool quick = false;
	for (int i = 0; i < 2; i++) {
		add_server(world, let_the_first_be_silent);
		world->servers[i].turn = &turn;
	}
	use(world);
	for (int i = 0; i < 10 && !quick; i++) {
		for (int j = 0; j < 20; j++)
			ask(world, "a.example");
		uint64_t start = uv_hrtime();
		turn = 0;
		ask(world, "b.example");
		expect_address(world, "192.0.2.7");
		quick = uv_hrtime() - start < 390000000; /* the next attempt: after 400 ms */
		/* else what was silent was a question before, that came late */
		upstream_stats(world->forwarder, stats);
		quick = quick && stats[0].timeouts + stats[1].timeouts;
	}
	assert_true(quick);
	assert_true(stats[0].loss > 0 || stats[1].loss > 0); /* whichever was asked first */
}

/* Who was silent is asked again beside the others, without anybody waiting for it, and comes first when it is faster. */
static void a_silent_server_is_probed_and_comes_back(void **state)
{
	struct world *world = *state;
	struct upstream_stats stats[UPSTREAM_STATS_MAX];
	add_server(world, stay_silent);
	add_server(world, behave_well);
	use(world);
	ask(world, "a.example");
	world->servers[0].behave = behave_well;
	do {
		ask(world, "b.example");
		expect_address(world, "192.0.2.7");
		upstream_stats(world->forwarder, stats);
	} while (!stats[0].answers); /* a probe has come back */
	while (!upstream_idle(world->forwarder))
		uv_run(&world->loop, UV_RUN_ONCE);
}

static void servfail_leads_to_the_next(void **state)
{
	struct world *world = *state;
	add_server(world, say_servfail);
	add_server(world, behave_well);
	use(world);
	ask(world, "a.example");
	expect_address(world, "192.0.2.7");
}

static void servfail_from_all_is_passed_on(void **state)
{
	struct world *world = *state;
	add_server(world, say_servfail);
	add_server(world, say_servfail);
	use(world);
	ask(world, "a.example");
	assert_int_equal(world->result.status, FORWARD_ANSWERED);
	assert_int_equal(world->result.answer->rcode, DNS_RCODE_SERVFAIL);
	assert_int_equal(world->result.answer->ttl, 0);
}

static void silence_from_all_ends_in_time(void **state)
{
	struct world *world = *state;
	add_server(world, stay_silent);
	use(world);
	uint64_t start = uv_hrtime();
	ask(world, "a.example");
	assert_int_equal(world->result.status, FORWARD_TIMED_OUT);
	uint64_t took_ms = (uv_hrtime() - start) / 1000000;
	assert_in_range(took_ms, UPSTREAM_DEADLINE_MS - 50, UPSTREAM_DEADLINE_MS + 2000);
	assert_in_range(world->servers[0].udp_queries, 3, UPSTREAM_ATTEMPTS_MAX);
}

static void nobody_there_is_a_network_error(void **state)
{
	struct world *world = *state;
	add_server(world, behave_well);
	use(world);
	uv_close((uv_handle_t *)&world->servers[0].udp, NULL);
	uv_run(&world->loop, UV_RUN_NOWAIT);
	ask(world, "a.example");
	assert_int_equal(world->result.status, FORWARD_NETWORK_ERROR);
}

static void without_servers_it_says_so(void **state)
{
	struct world *world = *state;
	struct dns_query query;
	fill(&query, "a.example");
	assert_int_equal(world->forwarder->ask(world->forwarder, 0, &query, on_done, world), PF_EFULL);
	assert_int_equal(world->done, 0);
}

/* A question of one group never goes to the servers of another, whatever becomes of its own. */
static void groups_keep_to_themselves(void **state)
{
	struct world *world = *state;
	struct upstream_stats stats[UPSTREAM_STATS_MAX];
	struct dns_query query;
	add_server(world, behave_well);
	add_server(world, behave_well);
	const struct upstream_target targets[] = {upstream_target_plain(&world->servers[0].address),
	                                          upstream_target_plain(&world->servers[1].address)};
	struct upstream_group groups[] = {{0, &targets[0], 1}, {7, &targets[1], 1}};
	world->forwarder->configure(world->forwarder, groups, 2);
	ask(world, "a.example");
	ask_group(world, 7, "b.lan");
	ask_group(world, 7, "c.lan");
	assert_int_equal(world->servers[0].udp_queries, 1);
	assert_int_equal(world->servers[1].udp_queries, 2);
	assert_int_equal(upstream_stats(world->forwarder, stats), 2);
	assert_true(stats[0].group == 0 && stats[0].answers == 1);
	assert_true(stats[1].group == 7 && stats[1].answers == 2);
	fill(&query, "d.lan");
	assert_int_equal(world->forwarder->ask(world->forwarder, 8, &query, on_done, world), PF_EFULL);
	/* The same server in another group: what it answered there is not its figure here. */
	groups[1].id = 8;
	world->forwarder->configure(world->forwarder, groups, 2);
	assert_int_equal(upstream_stats(world->forwarder, stats), 2);
	assert_true(stats[0].answers == 1 && stats[1].group == 8 && stats[1].answers == 0);
	assert_int_equal(world->forwarder->ask(world->forwarder, 7, &query, on_done, world), PF_EFULL);
	/* Gone while the question is under way: it still ends. */
	uv_close((uv_handle_t *)&world->servers[1].udp, NULL);
	uv_run(&world->loop, UV_RUN_NOWAIT);
	unsigned done = world->done;
	assert_int_equal(world->forwarder->ask(world->forwarder, 8, &query, on_done, world), PF_OK);
	world->forwarder->configure(world->forwarder, groups, 1);
	while (world->done == done)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_int_equal(world->result.status, FORWARD_NETWORK_ERROR);
	assert_int_equal(world->servers[0].udp_queries, 1);
}
#define CASE(test) cmocka_unit_test_setup_teardown(test, build, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(answers_come_back),
		CASE(junk_is_ignored),
		CASE(a_truncated_answer_is_fetched_over_tcp),
		CASE(guessed_ids_lead_to_tcp),
		CASE(a_broken_tcp_server_ends_in_failure),
		CASE(a_silent_server_is_passed_over),
		CASE(a_late_server_is_hedged),
		CASE(a_silent_server_is_probed_and_comes_back),
		CASE(servfail_leads_to_the_next),
		CASE(servfail_from_all_is_passed_on),
		CASE(silence_from_all_ends_in_time),
		CASE(nobody_there_is_a_network_error),
		CASE(without_servers_it_says_so),
		CASE(groups_keep_to_themselves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
