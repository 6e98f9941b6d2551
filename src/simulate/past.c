/* Answers that were journalled, see past.h. */
#include "simulate/past.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SLOTS (2 * PAST_ANSWERS_MAX)

struct past {
	struct store *store;
	struct hash_key key;
	size_t count;
	struct past_answer *slots; /* id 0: empty; open addressing */
};

struct past *past_new(struct store *store)
{
	struct past *past = calloc(1, sizeof *past);
	if (past)
		past->slots = calloc(SLOTS, sizeof *past->slots);
	if (!past || !past->slots) {
		free(past);
		return NULL;
	}
	past->store = store;
	past->key = hash_key_random();
	return past;
}

static void clear(struct past *past)
{
	for (size_t i = 0; i < SLOTS; i++) {
		free(past->slots[i].facts);
		free(past->slots[i].addresses);
		free(past->slots[i].hops);
	}
	memset(past->slots, 0, SLOTS * sizeof *past->slots);
	past->count = 0;
}

void past_free(struct past **past)
{
	if (!*past)
		return;
	clear(*past);
	free((*past)->slots);
	free(*past);
	*past = NULL;
}

static struct country country_of(const char *text)
{
	struct country country = {""};
	if (strlen(text) == 2)
		memcpy(country.code, text, 2);
	return country;
}

static uint8_t or_zero(int parsed)
{
	return parsed < 0 ? 0 : (uint8_t)parsed;
}

static int fill_address(struct address_facts *to, const struct store_answer_address *from)
{
	if (addr_parse(from->address, &to->address) != PF_OK)
		return PF_EINVAL;
	to->standing = or_zero(standing_parse(from->standing));
	to->confidence = or_zero(confidence_parse(from->confidence));
	to->special = from->special;
	to->anycast = from->anycast;
	to->location = country_of(from->location);
	to->control = country_of(from->control);
	to->asn = (uint32_t)from->asn;
	return PF_OK;
}

/* Fills `data`, a past_answer. */
static int on_answer(void *data, const struct store_answer *row)
{
	struct past_answer *answer = data;
	answer->facts =
		calloc(1, sizeof *answer->facts + row->address_count * sizeof answer->facts->addresses[0]);
	answer->addresses = calloc(row->address_count + 1, sizeof *answer->addresses);
	answer->hops = calloc(row->hop_count + 1, sizeof *answer->hops);
	if (!answer->facts || !answer->addresses || !answer->hops)
		return PF_ENOMEM;
	struct answer_facts *facts = answer->facts;
	facts->standing = or_zero(standing_parse(row->standing));
	facts->confidence = or_zero(confidence_parse(row->confidence));
	facts->overseas_count = (uint16_t)row->overseas;
	facts->judged_count = (uint16_t)row->judged;
	for (size_t i = 0; i < row->address_count && i < FACTS_ADDRESS_MAX; i++) {
		struct address_facts *to = &facts->addresses[facts->address_count];
		if (fill_address(to, &row->addresses[i]) != PF_OK)
			continue;
		answer->addresses[facts->address_count++] = to->address;
	}
	for (size_t i = 0; i < row->hop_count; i++)
		if (dns_name_from_text(row->hops[i], &answer->hops[answer->hop_count]) == PF_OK)
			answer->hop_count++;
	return PF_OK;
}

int past_find(struct past *past, int64_t id, struct past_answer **answer)
{
	if (past->count == PAST_ANSWERS_MAX)
		clear(past);
	size_t slot = hash_bytes(past->key, &id, sizeof id) % SLOTS;
	while (past->slots[slot].id && past->slots[slot].id != id)
		slot = (slot + 1) % SLOTS;
	struct past_answer *found = &past->slots[slot];
	if (!found->id) {
		int result = past->store->answer(past->store, id, on_answer, found);
		if (result != PF_OK) {
			free(found->facts);
			free(found->addresses);
			free(found->hops);
			*found = (struct past_answer){0};
			return result;
		}
		found->id = id;
		past->count++;
	}
	*answer = found->facts ? found : NULL;
	return PF_OK;
}
