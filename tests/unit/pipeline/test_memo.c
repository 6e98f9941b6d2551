/* Who asks, as a worker finds it out: a batch whose notes are made at once says of everybody what the roster says of him alone,
 * whoever pushes out whose note, and whatever changes between two batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/memo.h"
#include "unit/device/house.h"

#define DEVICES 1200 /* a crowd, with more addresses than there are notes */
#define BATCHES 60

static const char yaml[] = "devices:\n- {name: net, ip: 10.9.0.0/16}\n";

/* Device `number` at its IPv4 address, at its IPv6 address; nobody; somebody of the network. */
static const char *address_of(unsigned number, unsigned kind)
{
	static char text[64];
	static const char *const forms[] = {"10.1.%u.%u", "fd00::%x:%x", "192.0.%u.%u", "10.9.%u.%u"};
	snprintf(text, sizeof text, forms[kind], number / 250, number % 250);
	return text;
}

static void move_in(struct house *house, unsigned number, unsigned at)
{
	char mac[32];
	snprintf(mac, sizeof mac, "64:bc:0c:00:%02x:%02x", number / 256, number % 256);
	house_neighbour(house, address_of(at, 0), mac);
	house_neighbour(house, address_of(at, 1), mac);
}

static struct house *crowd(void)
{
	struct house *house = house_new(yaml, 0);
	for (unsigned i = 0; i < DEVICES; i++)
		move_in(house, i, i);
	house_publish(house);
	return house;
}

/* What the memo says of a client and what the roster does: the same, and whether somebody knows him. */
static bool assert_same(struct memo *memo, const struct snapshot *snapshot, const char *text,
                        struct now now)
{
	struct device by_memo, by_roster;
	struct asker asker = {.addr = house_addr(text)};
	memset(&by_memo, 0xee, sizeof by_memo);
	bool found = memo_identify(memo_client(memo, snapshot, &asker.addr), snapshot, &asker,
	                           now.wall_us, &by_memo);
	assert_int_equal(found, roster_identify(snapshot->roster, snapshot->registry, &asker,
	                                        now.wall_us, &by_roster));
	assert_string_equal(by_memo.id, by_roster.id);
	assert_string_equal(by_memo.name, by_roster.name);
	assert_int_equal(by_memo.tags, by_roster.tags);
	assert_int_equal(by_memo.known, by_roster.known);
	assert_int_equal(by_memo.has_mac, by_roster.has_mac);
	return found;
}

static void ask_batch(struct memo *memo, const struct snapshot *snapshot, struct now now,
                      unsigned *found)
{
	struct sockaddr_storage clients[ROSTER_BATCH_MAX];
	char texts[ROSTER_BATCH_MAX][64];
	for (size_t i = 0; i < ROSTER_BATCH_MAX; i++) {
		struct addr_port client = {.port = 53};
		unsigned kind = rand() % 10 < 8 ? rand() % 2 : 2 + rand() % 2;
		strcpy(texts[i], address_of((unsigned)rand() % DEVICES, kind));
		client.addr = house_addr(texts[i]);
		(void)addr_to_sockaddr(&client, &clients[i]);
	}
	memo_expect(memo, snapshot, clients, ROSTER_BATCH_MAX);
	for (size_t i = 0; i < ROSTER_BATCH_MAX; i++)
		*found += assert_same(memo, snapshot, texts[i], now);
}

static void a_batch_is_as_each_alone(void **state)
{
	(void)state;
	struct house *house = crowd();
	struct memo *memo = calloc(1, sizeof *memo);
	struct snapshot snapshot = {.epoch = 1, .config = house->config, .registry = house->registry};
	unsigned found = 0;
	assert_non_null(memo);
	srand(4);
	assert_false(roster_is_small(house->roster));
	for (unsigned i = 0; i < BATCHES; i++) {
		snapshot.roster = house->roster;
		ask_batch(memo, &snapshot, house->now, &found);
		if (i % 10 != 9)
			continue;
		for (unsigned k = 0; k < 50; k++) /* addresses change hands */
			move_in(house, (unsigned)rand() % DEVICES, (unsigned)rand() % DEVICES);
		house_publish(house);
	}
	assert_true(found > BATCHES * ROSTER_BATCH_MAX / 2 && found < BATCHES * ROSTER_BATCH_MAX);
	free(memo);
	house_free(&house);
}

/* What is made at once is what is used: without another look into the roster. */
static void notes_are_made_by_the_batch(void **state)
{
	(void)state;
	struct house *house = crowd();
	struct memo *memo = calloc(1, sizeof *memo);
	struct snapshot snapshot = {1, .config = house->config, .registry = house->registry};
	struct sockaddr_storage client;
	const struct addr_port from = {house_addr(address_of(7, 1)), 53};
	assert_non_null(memo);
	snapshot.roster = house->roster;
	(void)addr_to_sockaddr(&from, &client);
	memo_expect(memo, &snapshot, &client, 1);
	const struct client_note *note = memo_client(memo, &snapshot, &from.addr);
	assert_true(note->row >= 0);
	assert_int_equal(note->roster_number, house->roster->number);
	assert_true(assert_same(memo, &snapshot, address_of(7, 1), house->now));
	free(memo);
	house_free(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_as_each_alone),
		cmocka_unit_test(notes_are_made_by_the_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
