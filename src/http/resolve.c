/* Lookups of resolve.h. */
#include "http/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

struct lookup {
	uv_timer_t timer; /* answers from the loop what needs no question */
	resolve_done done;
	void *data;       /* NULL `done`: abandoned */
	unsigned pending; /* questions under way */
	bool timed_out, failed;
	struct resolution result;
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void finish(struct lookup *lookup)
{
	struct resolution *result = &lookup->result;
	if (!result->count)
		result->error = lookup->timed_out ? "the upstreams do not answer"
		                : lookup->failed  ? "the upstreams can not say"
		                                  : "there is no such host";
	if (lookup->done)
		lookup->done(lookup->data, result);
	uv_close((uv_handle_t *)&lookup->timer, on_closed);
}

static void add(struct lookup *lookup, const struct addr *address)
{
	if (lookup->result.count < RESOLVE_ADDRESS_MAX)
		lookup->result.addresses[lookup->result.count++] = *address;
}

static void on_answer(void *data, const struct forward_result *answered)
{
	struct lookup *lookup = data;
	struct answer *answer = answered->answer;
	if (answered->status != FORWARD_ANSWERED)
		lookup->timed_out = true;
	else if (answer->rcode != DNS_RCODE_NOERROR && answer->rcode != DNS_RCODE_NXDOMAIN)
		lookup->failed = true;
	for (size_t i = 0; answer && i < answer->address_count; i++)
		add(lookup, &answer->addresses[i]);
	answer_free(&answer);
	if (!--lookup->pending)
		finish(lookup);
}

static void on_known(uv_timer_t *timer)
{
	finish(timer->data);
}

static bool ask(struct lookup *lookup, struct forwarder *forwarder, const struct dns_name *name,
                uint16_t type)
{
	struct dns_query query = {.rd = true, .name = *name, .type = type, .class = DNS_CLASS_IN};
	if (forwarder->ask(forwarder, 0, &query, on_answer, lookup) != PF_OK)
		return false;
	lookup->pending++;
	return true;
}

static bool is_localhost(const char *host)
{
	static const char word[] = "localhost";
	size_t length = strlen(host), word_length = sizeof word - 1;
	while (length && host[length - 1] == '.')
		length--;
	if (length < word_length || strncasecmp(host + length - word_length, word, word_length))
		return false;
	return length == word_length || host[length - word_length - 1] == '.';
}

/* True: nobody needs to be asked. */
static bool is_known(struct lookup *lookup, const char *host)
{
	static const struct addr loopback4 = {4, {127, 0, 0, 1}}, loopback6 = {6, {[15] = 1}};
	struct addr address;
	if (addr_parse(host, &address) == PF_OK) {
		add(lookup, &address);
		return true;
	}
	if (!is_localhost(host))
		return false;
	add(lookup, &loopback4);
	add(lookup, &loopback6);
	return true;
}

struct lookup *resolve_start(struct uv_loop_s *loop, struct forwarder *forwarder, const char *host,
                             resolve_done done, void *data)
{
	struct dns_name name;
	struct lookup *lookup = calloc(1, sizeof *lookup);
	if (!lookup)
		return NULL;
	uv_timer_init(loop, &lookup->timer);
	lookup->timer.data = lookup;
	lookup->done = done;
	lookup->data = data;
	if (is_known(lookup, host)) {
		uv_timer_start(&lookup->timer, on_known, 0, 0);
		return lookup;
	}
	bool any =
		dns_name_from_text(host, &name) == PF_OK &&
		(ask(lookup, forwarder, &name, DNS_TYPE_A) | ask(lookup, forwarder, &name, DNS_TYPE_AAAA));
	if (any)
		return lookup;
	uv_close((uv_handle_t *)&lookup->timer, on_closed);
	return NULL;
}

void resolve_abandon(struct lookup *lookup)
{
	lookup->done = NULL;
	if (lookup->pending)
		return; /* ends with its last answer */
	uv_timer_stop(&lookup->timer);
	uv_close((uv_handle_t *)&lookup->timer, on_closed);
}

void resolve_text(const char *host, uint16_t port, const struct resolution *resolution,
                  char text[RESOLVE_TEXT_MAX])
{
	int used = snprintf(text, RESOLVE_TEXT_MAX, "%s:%u:", host, port);
	for (size_t i = 0; i < resolution->count; i++) {
		char address[ADDR_TEXT_MAX];
		const struct addr *one = &resolution->addresses[i];
		addr_format(one, address);
		used += snprintf(text + used, RESOLVE_TEXT_MAX - (size_t)used,
		                 one->family == 6 ? "%s[%s]" : "%s%s", i ? "," : "", address);
	}
}
