/* The recursor's file, see recursion_text.h. What is not written here is as libunbound has it: limits on the work that a hostile
 * zone may cause (NXNS, KeyTrap) among it, which are its authors' to know. */
#include "daemon/recursion_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "dns/name.h"

#define BRIDGE_MS 5000 /* longer than UPSTREAM_DEADLINE_MS */

/* The daemon keeps answers itself, so this is for delegations, keys and proofs. Nothing is hidden from it: private answers and
 * names of the house are judged by the daemon. */
static const char head[] =
	"# Written by portafilterd; what stands here is overwritten. See `recursion` in portafilter.yaml(5).\n"
	"server:\n"
	"  use-syslog: no\n"
	"  verbosity: 0\n"
	"  edns-buffer-size: 1232\n"
	"  qname-minimisation: yes\n"
	"  aggressive-nsec: yes\n"
	"  harden-below-nxdomain: yes\n"
	"  harden-referral-path: no\n"
	"  harden-algo-downgrade: no\n"
	"  minimal-responses: no\n"
	"  prefetch-key: yes\n"
	"  msg-cache-size: 8m\n"
	"  rrset-cache-size: 16m\n"
	"  key-cache-size: 4m\n"
	"  neg-cache-size: 4m\n"
	"  unblock-lan-zones: yes\n"
	"  insecure-lan-zones: yes\n";

static bool any_loopback(const struct upstream_target *servers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (addr_is_loopback(&servers[i].address.addr))
			return true;
	return false;
}

static void write_name(FILE *out, const char *key, const struct dns_name *name)
{
	char text[NAME_TEXT_MAX];
	dns_name_to_text(name, text);
	fprintf(out, "  %s: \"%s\"\n", key, text);
}

static void write_servers(FILE *out, const char *key, const struct upstream_target *servers,
                          size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[ADDR_TEXT_MAX];
		addr_format(&servers[i].address.addr, text);
		fprintf(out, "  %s: %s@%u\n", key, text, servers[i].address.port);
	}
}

static void write_bridge(FILE *out, const struct addr_port *bridge)
{
	const struct upstream_target target = upstream_target_plain(bridge);
	fputs("forward-zone:\n  name: \".\"\n", out);
	write_servers(out, "forward-addr", &target, 1);
}

static void write_all(FILE *out, const struct config *config, const struct addr_port *bridge)
{
	const struct config_recursion *recursion = &config->recursion;
	bool inside = recursion->forward_count;
	for (size_t i = 0; i < recursion->stub_count; i++)
		inside |= any_loopback(recursion->stubs[i].upstreams, recursion->stubs[i].upstream_count);
	fputs(head, out);
	fprintf(out, "  module-config: \"%siterator\"\n", recursion->validates ? "validator " : "");
	fprintf(out, "  do-not-query-localhost: %s\n", inside ? "no" : "yes");
	/* The bridge asks again itself, says when nobody answers, and nothing is lost on the way: were a time limit of libunbound's shorter than its own,
	 * it would be taken for dead when the servers behind it are. Stubs are asked over the network, and need shorter ones. */
	if (recursion->forward_count && !recursion->stub_count)
		fprintf(
			out,
			"  outbound-msg-retry: 1\n  unknown-server-time-limit: %d\n  infra-cache-min-rtt: %d\n",
			BRIDGE_MS, BRIDGE_MS);
	if (recursion->hints)
		fprintf(out, "  root-hints: \"%s\"\n", recursion->hints);
	if (recursion->anchor)
		fprintf(out, "  auto-trust-anchor-file: \"%s/" RECURSION_FOLDER "/" RECURSION_KEY "\"\n",
		        config->state);
	for (size_t i = 0; i < recursion->unsigned_count; i++)
		write_name(out, "domain-insecure", &recursion->unsigned_zones[i]);
	for (size_t i = 0; i < recursion->stub_count; i++)
		for (size_t z = 0; z < recursion->stubs[i].zone_count; z++) {
			fputs("stub-zone:\n", out);
			write_name(out, "name", &recursion->stubs[i].zones[z]);
			write_servers(out, "stub-addr", recursion->stubs[i].upstreams,
			              recursion->stubs[i].upstream_count);
		}
	if (recursion->forward_count)
		write_bridge(out, bridge);
}

char *recursion_text(const struct config *config, const struct addr_port *bridge)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	write_all(out, config, bridge);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
