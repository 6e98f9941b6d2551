/* The checks of guard.h. */
#include "upstream/guard.h"

#include <string.h>

#include "base/log.h"
#include "dns/answer.h"

/* A cookie for this server and our address to it, made when there is none for these. */
static void prepare_cookie(struct guard *guard, const struct addr *ours, struct random_pool *random)
{
	if (guard->cookie_length && addr_equal(ours, &guard->ours))
		return;
	guard->ours = *ours;
	random_pool_take(random, guard->cookie, COOKIE_CLIENT_BYTES);
	guard->cookie_length = COOKIE_CLIENT_BYTES;
}

size_t guard_write(struct guard *guard, struct guard_mark *mark, const struct addr *ours,
                   const struct prefix *subnet, bool random_case, struct random_pool *random,
                   const struct dns_query *query, uint16_t id, uint8_t out[QUERY_UPSTREAM_MAX])
{
	struct query_dress dress = {.subnet = subnet};
	mark->cookie_length = 0;
	mark->cased = false;
	if (guard && !guard->cookie_off) {
		prepare_cookie(guard, ours, random);
		dress.cookie = guard->cookie;
		dress.cookie_length = mark->cookie_length = guard->cookie_length;
		memcpy(mark->cookie, guard->cookie, COOKIE_CLIENT_BYTES);
	}
	if (guard && random_case && !guard->case_off) {
		random_pool_take(random, mark->flips, sizeof mark->flips);
		dress.flips = mark->flips;
		mark->cased = true;
	}
	return dns_query_write(out, query, id, &dress);
}

/* Is the letter case of the question that which was sent? */
static bool case_is_kept(const struct guard_mark *mark, const uint8_t *packet,
                         const struct dns_query *query)
{
	uint8_t sent[NAME_WIRE_MAX];
	dns_query_flip(sent, &query->name, mark->flips);
	return !memcmp(packet + DNS_HEADER_BYTES, sent, query->name.length);
}

static enum guard_verdict check_case(struct guard *guard, const struct guard_mark *mark,
                                     const uint8_t *packet, const struct dns_query *query,
                                     const char *name)
{
	if (case_is_kept(mark, packet, query)) {
		guard->case_kept = true;
		guard->case_losses = 0;
		return GUARD_GOOD;
	}
	/* One that has kept it is not believed to have forgotten how: somebody is guessing. */
	if (guard->case_kept || guard->case_off || ++guard->case_losses < GUARD_DOUBTS_MAX)
		return GUARD_DOUBTFUL;
	guard->case_off = true;
	log_warning("upstream %s does not keep the letter case of questions: it is asked in lower case "
	            "from now on (query-case)",
	            name);
	return GUARD_DOUBTFUL;
}

static enum guard_verdict check_cookie(struct guard *guard, const struct guard_mark *mark,
                                       const uint8_t *packet, size_t length,
                                       const struct dns_query *query)
{
	struct answer_cookie found;
	if (answer_cookie(packet, length, query, &found) != PF_OK)
		return GUARD_JUNK;
	guard->cookie_silences = 0;
	/* The server's cookie that is known may have come after this question went out: what was ours then counts. */
	bool known = mark->cookie_length > COOKIE_CLIENT_BYTES;
	if (!found.length) {
		if (found.rcode == DNS_RCODE_FORMERR)
			guard->cookie_off = true;
		else if (!known)
			return GUARD_GOOD;
		/* Behind one address may stand servers that can and others that can not. */
		guard->cookie_length = COOKIE_CLIENT_BYTES;
		return GUARD_DOUBTFUL;
	}
	if (memcmp(found.bytes, mark->cookie, COOKIE_CLIENT_BYTES))
		return GUARD_DOUBTFUL;
	if (found.length >= COOKIE_SERVER_MIN &&
	    !memcmp(mark->cookie, guard->cookie, COOKIE_CLIENT_BYTES)) {
		memcpy(guard->cookie, found.bytes, found.length);
		guard->cookie_length = (uint8_t)found.length;
	}
	/* With the new one the next question will do. */
	return found.rcode == DNS_RCODE_BADCOOKIE ? GUARD_DOUBTFUL : GUARD_GOOD;
}

enum guard_verdict guard_check(struct guard *guard, const struct guard_mark *mark,
                               const uint8_t *packet, size_t length, const struct dns_query *query,
                               const char *name)
{
	enum guard_verdict verdict = GUARD_GOOD;
	if (mark->cookie_length)
		verdict = check_cookie(guard, mark, packet, length, query);
	if (verdict != GUARD_GOOD)
		return verdict;
	return mark->cased ? check_case(guard, mark, packet, query, name) : GUARD_GOOD;
}

void guard_silent(struct guard *guard, const struct guard_mark *mark)
{
	/* Some do not answer what has an option that they do not know; who has given a cookie is no such one. */
	if (mark->cookie_length == COOKIE_CLIENT_BYTES && !guard->cookie_off &&
	    ++guard->cookie_silences >= GUARD_DOUBTS_MAX)
		guard->cookie_off = true;
}
