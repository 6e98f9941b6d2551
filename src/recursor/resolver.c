/* Asking libunbound, see resolver.h. The process ends as a whole, so nothing here is ever taken down. */
#include "recursor/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <unbound-event.h>
#include <unbound.h>

#include "dns/name.h"
#include "recursor/events.h"
#include "recursor/resolved.h"

struct resolver {
	struct ub_event_base *base;
	struct ub_ctx *context;
	size_t pending;
	uint8_t out[DNS_MESSAGE_MAX];
};

struct pending {
	struct resolver *resolver;
	struct dns_query query;
	resolver_done done;
	void *data;
};

struct resolver *resolver_new(struct uv_loop_s *loop, const char *config, char *error,
                              size_t error_size)
{
	struct resolver *resolver = calloc(1, sizeof *resolver);
	snprintf(error, error_size, "There is no memory for libunbound.");
	if (!resolver)
		return NULL;
	resolver->base = events_new(loop);
	resolver->context = resolver->base ? ub_ctx_create_ub_event(resolver->base) : NULL;
	if (!resolver->context) {
		events_free(&resolver->base);
		free(resolver);
		return NULL;
	}
	int status = ub_ctx_config(resolver->context, config);
	if (!status)
		return resolver;
	snprintf(error, error_size, "libunbound does not take %s: %s.", config, ub_strerror(status));
	ub_ctx_delete(resolver->context);
	events_free(&resolver->base);
	free(resolver);
	return NULL;
}

static void on_resolved(void *data, int rcode, void *packet, int length, int trust, char *why,
                        int limited)
{
	struct pending *pending = data;
	struct resolver *resolver = pending->resolver;
	(void)limited;
	const struct resolved resolved = {
		.rcode = (unsigned)rcode,
		.packet = packet,
		.length = packet && length > 0 ? (size_t)length : 0,
		.trust = trust == 2   ? RESOLVED_SECURE
	             : trust == 1 ? RESOLVED_BOGUS
	                          : RESOLVED_INSECURE,
		.why = why,
	};
	resolver->pending--;
	size_t written = resolved_reply(resolver->out, &pending->query, &resolved);
	pending->done(pending->data, resolver->out, written);
	free(pending);
}

int resolver_ask(struct resolver *resolver, const struct dns_query *query, resolver_done done,
                 void *data)
{
	char name[NAME_TEXT_MAX];
	if (resolver->pending >= RESOLVER_PENDING_MAX)
		return PF_EFULL;
	struct pending *pending = malloc(sizeof *pending);
	if (!pending)
		return PF_ENOMEM;
	*pending = (struct pending){resolver, *query, done, data};
	dns_name_to_text(&query->name, name);
	resolver->pending++;
	if (!ub_resolve_event(resolver->context, name, query->type, query->class, pending, on_resolved,
	                      NULL))
		return PF_OK;
	resolver->pending--;
	free(pending);
	return PF_EINVAL;
}
