/* The ring and the flat form of records: nothing lost or torn between two threads, nothing believed of bytes that
 * are no record. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "journal/flat.h"
#include "journal/ring.h"
#include "unit/journal/sample.h"

/* ---- flat records ------------------------------------------------------------------------ */

static void assert_same(const struct record *a, const struct record *b)
{
	assert_int_equal(a->time_wall_us, b->time_wall_us);
	assert_int_equal(a->took_us, b->took_us);
	assert_true(addr_equal(&a->client, &b->client));
	assert_string_equal(a->device_id, b->device_id);
	assert_string_equal(a->device_name, b->device_name);
	assert_true(dns_name_equal(a->name, b->name));
	assert_int_equal(a->name->labels, b->name->labels);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->rcode, b->rcode);
	assert_int_equal(a->dropped_reply, b->dropped_reply);
	assert_int_equal(a->action, b->action);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->rule, b->rule);
	assert_string_equal(a->rule_name, b->rule_name);
	assert_string_equal(a->reason, b->reason);
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->dnssec, b->dnssec);
	assert_string_equal(a->upstream, b->upstream);
	assert_int_equal(a->standing, b->standing);
	assert_int_equal(a->confidence, b->confidence);
	assert_int_equal(a->answer_id, b->answer_id);
	assert_int_equal(!a->answer, !b->answer);
	if (!a->answer)
		return;
	assert_int_equal(a->answer->standing, b->answer->standing);
	assert_int_equal(a->answer->confidence, b->answer->confidence);
	assert_int_equal(a->answer->overseas_count, b->answer->overseas_count);
	assert_int_equal(a->answer->judged_count, b->answer->judged_count);
	assert_int_equal(a->answer->hop_count, b->answer->hop_count);
	assert_int_equal(a->answer->address_count, b->answer->address_count);
	for (size_t i = 0; i < a->answer->hop_count; i++)
		assert_true(dns_name_equal(&a->answer->hops[i], &b->answer->hops[i]));
	for (size_t i = 0; i < a->answer->address_count; i++) {
		const struct record_address *x = &a->answer->addresses[i], *y = &b->answer->addresses[i];
		assert_true(addr_equal(&x->address, &y->address));
		assert_int_equal(x->standing, y->standing);
		assert_int_equal(x->confidence, y->confidence);
		assert_int_equal(x->special, y->special);
		assert_int_equal(x->anycast, y->anycast);
		assert_string_equal(x->location.code, y->location.code);
		assert_string_equal(x->control.code, y->control.code);
		assert_int_equal(x->asn, y->asn);
		assert_string_equal(x->organisation, y->organisation);
		assert_string_equal(x->evidence, y->evidence);
	}
}

static void records_come_back_as_they_were(void **state)
{
	(void)state;
	struct flat_record *read = malloc(sizeof *read);
	for (unsigned i = 0; i < 2000; i++) {
		struct sample sample;
		sample_fill(&sample, i, i % 2);
		size_t length = flat_bytes(&sample.record);
		uint8_t *bytes = malloc(length); /* exact, so that a sanitizer sees a byte too many */
		flat_write(&sample.record, bytes);
		assert_int_equal(flat_read(bytes, length, read), PF_OK);
		assert_same(&sample.record, &read->record);
		free(bytes);
	}
	free(read);
}

/* Of a record is known without reading it what differs, and what does not: the same bytes as of any record that says the same. */
static void key_is_all_but_the_time(void **state)
{
	(void)state;
	unsigned looked_at = 0;
	for (unsigned i = 0; i < 300; i++) {
		struct sample sample;
		struct sink_brief brief;
		uint8_t room[FLAT_KEY_MAX];
		const uint8_t *key;
		sample_fill(&sample, i, i % 2);
		size_t length = flat_bytes(&sample.record), key_length;
		uint8_t *bytes = malloc(length);
		flat_write(&sample.record, bytes);
		bool all = flat_look(bytes, length, &brief);
		assert_int_equal(all, !sample.record.answer &&
		                          (sample.record.action != ACTION_FLAG ||
		                           sample.record.standing != STANDING_OVERSEAS) &&
		                          sample.record.privacy != PRIVACY_ENDPOINTS_ONLY);
		looked_at += all;
		assert_int_equal(brief.time_wall_us, sample.record.time_wall_us);
		assert_int_equal(brief.took_us, sample.record.took_us);
		assert_string_equal(brief.device_name, sample.record.device_name);
		sample.record.time_wall_us += 1;
		sample.record.took_us += 1;
		key_length = flat_key_write(&sample.record, room, &key);
		assert_int_equal(key_length, brief.key_length);
		assert_memory_equal(key, brief.key, key_length);
		sample.record.rcode ^= 1;
		(void)flat_key_write(&sample.record, room, &key);
		assert_memory_not_equal(key, brief.key, key_length);
		assert_false(flat_look(bytes, length / 2, &brief));
		assert_false(flat_look(bytes, 10, &brief));
		free(bytes);
	}
	assert_true(looked_at > 50);
}

static void largest_record_fits(void **state)
{
	(void)state;
	static char reason[2 * RECORD_REASON_MAX];
	static struct dns_name hops[RECORD_HOP_MAX + 5];
	static struct record_address addresses[RECORD_ADDRESS_MAX + 5];
	struct sample sample;
	sample_fill(&sample, 1, true);
	memset(reason, 'x', sizeof reason - 1);
	/* A character of two bytes across the cut must not be torn. */
	memcpy(reason + RECORD_REASON_MAX - 2, "ö", 2);
	for (size_t i = 0; i < PF_COUNT(hops); i++)
		hops[i] = sample.name;
	for (size_t i = 0; i < PF_COUNT(addresses); i++) {
		addresses[i] = sample.addresses[0];
		memset(addresses[i].organisation, 'o', sizeof addresses[i].organisation - 1);
		memset(addresses[i].evidence, 'e', sizeof addresses[i].evidence - 1);
	}
	sample.record.reason = reason;
	sample.record.rule_name = NULL;
	sample.answer.hops = hops;
	sample.answer.hop_count = PF_COUNT(hops);
	sample.answer.addresses = addresses;
	sample.answer.address_count = PF_COUNT(addresses);
	sample.record.answer = &sample.answer;
	size_t length = flat_bytes(&sample.record);
	assert_true(length <= RECORD_BYTES_MAX);
	uint8_t *bytes = malloc(length);
	struct flat_record *read = malloc(sizeof *read);
	flat_write(&sample.record, bytes);
	assert_int_equal(flat_read(bytes, length, read), PF_OK);
	assert_int_equal(strlen(read->record.reason), RECORD_REASON_MAX - 2);
	assert_string_equal(read->record.rule_name, "");
	assert_int_equal(read->answer.hop_count, RECORD_HOP_MAX);
	assert_int_equal(read->answer.address_count, RECORD_ADDRESS_MAX);
	assert_string_equal(read->addresses[RECORD_ADDRESS_MAX - 1].organisation,
	                    addresses[0].organisation);
	free(read);
	free(bytes);
}

static void broken_bytes_are_no_record(void **state)
{
	(void)state;
	struct sample sample;
	sample_fill(&sample, 4, true);
	size_t length = flat_bytes(&sample.record);
	struct flat_record *read = malloc(sizeof *read);
	uint8_t *whole = malloc(length);
	flat_write(&sample.record, whole);
	for (size_t cut = 0; cut < length; cut++) {
		uint8_t *bytes = malloc(cut ? cut : 1);
		memcpy(bytes, whole, cut);
		assert_int_equal(flat_read(bytes, cut, read), PF_EINVAL);
		free(bytes);
	}
	uint8_t *longer = calloc(1, length + 1);
	memcpy(longer, whole, length);
	assert_int_equal(flat_read(longer, length + 1, read), PF_EINVAL);
	free(longer);
	/* Any byte may be anything: it is refused, or read as a record whose words exist. */
	unsigned refused = 0;
	for (size_t i = 0; i < length; i++) {
		for (unsigned flip = 1; flip < 256; flip += 2) {
			uint8_t *bytes = malloc(length);
			memcpy(bytes, whole, length);
			bytes[i] ^= (uint8_t)flip;
			if (flat_read(bytes, length, read) == PF_OK) {
				assert_non_null(record_source_word(read->record.source));
				assert_non_null(standing_word(read->record.standing));
				assert_true(strlen(read->record.reason) < RECORD_REASON_MAX);
				if (read->record.answer)
					assert_true(read->answer.address_count <= RECORD_ADDRESS_MAX);
			} else {
				refused++;
			}
			free(bytes);
		}
	}
	assert_true(refused > 1000);
	free(whole);
	free(read);
}

/* ---- the ring ---------------------------------------------------------------------------- */

static bool put(struct ring *ring, size_t length, uint8_t fill)
{
	uint8_t *room = ring_claim(ring, length);
	if (!room)
		return false;
	memset(room, fill, length);
	ring_publish(ring);
	return true;
}

static void a_full_ring_refuses(void **state)
{
	(void)state;
	struct ring ring;
	assert_int_equal(ring_init(&ring, 1024), PF_OK);
	unsigned entries = 0;
	while (put(&ring, 56, (uint8_t)entries)) /* 64 bytes with its header */
		entries++;
	assert_int_equal(entries, 16);
	assert_int_equal(ring_used(&ring), 1024);
	assert_null(ring_claim(&ring, 0));
	assert_null(ring_claim(&ring, 1 << 20));

	uint64_t at = ring_tail(&ring), end = ring_head(&ring);
	const uint8_t *data;
	size_t length;
	for (unsigned i = 0; i < entries; i++) {
		assert_true(ring_next(&ring, &at, end, &data, &length));
		assert_int_equal(length, 56);
		assert_int_equal(data[0], i);
		assert_int_equal(data[55], i);
	}
	assert_false(ring_next(&ring, &at, end, &data, &length));
	assert_false(put(&ring, 1, 0)); /* read is not released */
	ring_release(&ring, at);
	assert_int_equal(ring_used(&ring), 0);
	assert_true(put(&ring, 56, 99));
	ring_deinit(&ring);
}

static void entries_wrap_in_one_piece(void **state)
{
	(void)state;
	struct ring ring;
	assert_int_equal(ring_init(&ring, 256), PF_OK);
	/* Lengths that meet the end of the ring at every possible place. */
	for (unsigned i = 0; i < 5000; i++) {
		size_t length = (i * 37) % 121;
		assert_true(put(&ring, length, (uint8_t)i));
		uint64_t at = ring_tail(&ring);
		const uint8_t *data;
		size_t got;
		assert_true(ring_next(&ring, &at, ring_head(&ring), &data, &got));
		assert_int_equal(got, length);
		for (size_t k = 0; k < got; k++)
			assert_int_equal(data[k], (uint8_t)i);
		ring_release(&ring, at);
	}
	ring_deinit(&ring);
}

#define RACE_COUNT 200000u

static void *produce(void *data)
{
	struct ring *ring = data;
	uintptr_t refused = 0;
	for (uint32_t i = 0; i < RACE_COUNT;) {
		size_t length = sizeof i + i % 200;
		uint8_t *room = ring_claim(ring, length);
		if (!room) {
			refused++;
			sched_yield();
			continue;
		}
		memcpy(room, &i, sizeof i);
		memset(room + sizeof i, (int)(i & 0xff), length - sizeof i);
		ring_publish(ring);
		i++;
	}
	return (void *)refused;
}

static void two_threads_lose_nothing(void **state)
{
	(void)state;
	struct ring ring;
	pthread_t thread;
	assert_int_equal(ring_init(&ring, 8192), PF_OK);
	assert_int_equal(pthread_create(&thread, NULL, produce, &ring), 0);
	uint32_t expected = 0;
	while (expected < RACE_COUNT) {
		uint64_t at = ring_tail(&ring), end = ring_head(&ring);
		const uint8_t *data;
		size_t length;
		if (at == end)
			sched_yield();
		while (ring_next(&ring, &at, end, &data, &length)) {
			uint32_t number;
			memcpy(&number, data, sizeof number);
			assert_int_equal(number, expected);
			assert_int_equal(length, sizeof number + number % 200);
			if (length > sizeof number)
				assert_int_equal(data[length - 1], number & 0xff);
			expected++;
		}
		ring_release(&ring, at);
	}
	pthread_join(thread, NULL);
	assert_int_equal(ring_used(&ring), 0);
	ring_deinit(&ring);
}

static void sources_have_words(void **state)
{
	(void)state;
	assert_string_equal(record_source_word(SOURCE_POLICY), "policy");
	assert_string_equal(record_source_word(SOURCE_CACHE), "cache");
	assert_string_equal(record_source_word(SOURCE_STALE), "stale");
	assert_string_equal(record_source_word(SOURCE_UPSTREAM), "upstream");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_have_words),
		cmocka_unit_test(records_come_back_as_they_were),
		cmocka_unit_test(key_is_all_but_the_time),
		cmocka_unit_test(largest_record_fits),
		cmocka_unit_test(broken_bytes_are_no_record),
		cmocka_unit_test(a_full_ring_refuses),
		cmocka_unit_test(entries_wrap_in_one_piece),
		cmocka_unit_test(two_threads_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
