/* `status`: is it well? What needs attention stands at the end, where the eye is. */
#include <string.h>

#include "cli/client.h"
#include "cli/text.h"

#define LOSS_SHOWN_MIN 0.005        /* less is 0 % */
#define FORWARD_ZONES_SHOWN_MAX 200 /* bytes: the rest of a line belongs to the server */

static struct cli_text figure(json_t *object, const char *member)
{
	return cli_number(cli_integer(object, member));
}

/* "12.3 MiB" */
static struct cli_text size_text(json_int_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	struct cli_text out;
	double size = (double)bytes;
	size_t unit = 0;
	for (; size >= 1024 && unit + 1 < PF_COUNT(units); unit++)
		size /= 1024;
	snprintf(out.bytes, sizeof out.bytes, "%.*f %s", unit ? 1 : 0, size, units[unit]);
	return out;
}

static void put_list(json_t *list)
{
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item)
		cli_put(stdout, "%s%s", i ? " " : "", json_is_string(item) ? json_string_value(item) : "");
}

static void print_queries(json_t *status)
{
	json_t *queries = json_object_get(status, "queries");
	json_t *sources = json_object_get(status, "sources");
	cli_say(stdout, "queries    %s received, %s answered: %s allowed, %s flagged, %s sinkholed",
	        figure(queries, "received").bytes, figure(queries, "answered").bytes,
	        figure(queries, "allow").bytes, figure(queries, "flag").bytes,
	        figure(queries, "sinkhole").bytes);
	cli_say(
		stdout,
		"           %s malformed, %s refused, %s limited, %s overloaded, %s dropped, %s in flight",
		figure(queries, "malformed").bytes, figure(queries, "refused").bytes,
		figure(queries, "limited").bytes, figure(queries, "overloaded").bytes,
		figure(queries, "dropped").bytes, figure(queries, "in_flight").bytes);
	cli_say(stdout, "answers    %s by policy, %s from the cache, %s stale, %s from upstreams",
	        figure(sources, "policy").bytes, figure(sources, "cache").bytes,
	        figure(sources, "stale").bytes, figure(sources, "upstream").bytes);
}

static void print_cache(json_t *cache)
{
	cli_say(stdout, "cache      %s in %s of %s; %s hits, %s misses, %s evicted",
	        cli_count(cli_integer(cache, "entries"), "answer").bytes,
	        size_text(cli_integer(cache, "bytes")).bytes,
	        size_text(cli_integer(cache, "bytes_max")).bytes, figure(cache, "hits").bytes,
	        figure(cache, "misses").bytes, figure(cache, "evicted").bytes);
}

/* `zones` is the text of a forward zone, or NULL for those of `upstreams`. */
static void print_upstreams(json_t *upstreams, const char *zones)
{
	size_t i;
	json_t *row;
	json_array_foreach(upstreams, i, row)
	{
		json_t *rtt = json_object_get(row, "rtt_ms");
		cli_put(stdout, "%s", zones ? "forward    " : "upstream   ");
		if (zones)
			cli_put(stdout, "%s to ", zones);
		cli_put(stdout, "%s: %s queries, %s answers, %s timeouts, %s junk",
		        cli_string(row, "address"), figure(row, "queries").bytes,
		        figure(row, "answers").bytes, figure(row, "timeouts").bytes,
		        figure(row, "junk").bytes);
		if (json_is_number(rtt))
			cli_put(stdout, ", %.1f ms", json_number_value(rtt));
		if (json_number_value(json_object_get(row, "loss")) >= LOSS_SHOWN_MIN)
			cli_put(stdout, ", %.0f %% lost lately",
			        100 * json_number_value(json_object_get(row, "loss")));
		if (cli_integer(row, "connections") || cli_integer(row, "failures"))
			cli_put(stdout, ", %s connections (%s resumed), %s failed",
			        figure(row, "connections").bytes, figure(row, "resumed").bytes,
			        figure(row, "failures").bytes);
		const char *subnet = cli_string(row, "client_subnet");
		if (*subnet && strcmp(subnet, "off"))
			cli_put(stdout, ", client subnet %s", subnet);
		if (json_is_true(json_object_get(row, "loses_case")))
			cli_put(stdout, ", does not keep the letter case of questions");
		putchar('\n');
	}
}

static void print_forward(json_t *forward)
{
	size_t i, z;
	json_t *row, *zone;
	json_array_foreach(forward, i, row)
	{
		char zones[FORWARD_ZONES_SHOWN_MAX] = "";
		size_t used = 0;
		json_array_foreach(json_object_get(row, "zones"), z, zone)
		{
			int more = snprintf(zones + used, sizeof zones - used, "%s%s", z ? ", " : "",
			                    json_is_string(zone) ? json_string_value(zone) : "");
			if (more < 0 || used + (size_t)more >= sizeof zones)
				break;
			used += (size_t)more;
		}
		zones[used] = '\0';
		print_upstreams(json_object_get(row, "upstreams"), zones);
	}
}

static void print_journal(json_t *journal)
{
	const char *error = cli_string(journal, "last_error");
	if (!json_is_true(json_object_get(journal, "enabled"))) {
		cli_say(stdout, "journal    off");
		return;
	}
	cli_say(stdout, "journal    %s: %s put, %s journalled, %s dropped", cli_string(journal, "path"),
	        figure(journal, "put").bytes, figure(journal, "journalled").bytes,
	        figure(journal, "dropped").bytes);
	if (cli_integer(journal, "recovered"))
		cli_say(stdout, "           %s of a process that was killed, found at the start",
		        figure(journal, "recovered").bytes);
	if (*error)
		cli_say(stdout, "           %s", error);
	json_t *sinks = json_object_get(journal, "sinks");
	for (size_t i = 1; i < json_array_size(sinks); i++) {
		json_t *sink = json_array_get(sinks, i);
		error = cli_string(sink, "last_error");
		cli_say(stdout, "           %s: %s written, %s dropped%s%s", cli_string(sink, "name"),
		        figure(sink, "journalled").bytes, figure(sink, "dropped").bytes, *error ? "; " : "",
		        error);
	}
}

static void print_notify(json_t *notify)
{
	json_t *row;
	size_t i;
	json_array_foreach(json_object_get(notify, "targets"), i, row)
	{
		const char *error = cli_string(row, "last_error");
		cli_say(stdout, "tells      %s: %s told, %s given up, %s waiting%s%s",
		        cli_string(row, "target"), figure(row, "delivered").bytes,
		        figure(row, "failed").bytes, figure(row, "waiting").bytes, *error ? "; " : "",
		        error);
	}
}

static void print_databases(json_t *databases)
{
	size_t i, locations = 0;
	json_t *row;
	json_array_foreach(databases, i, row)
	{
		/* The warnings below are of the day when it was loaded. */
		bool old = json_is_true(json_object_get(row, "old"));
		cli_say(stdout, "database   %s (%s), of %s, %s old%s: %s", cli_string(row, "label"),
		        cli_string(row, "kind"), cli_string(row, "built"),
		        cli_count(cli_integer(row, "age_days"), "day").bytes,
		        old ? ", look for a newer one" : "", cli_string(row, "path"));
		locations += !strcmp(cli_string(row, "kind"), "location");
		if (*cli_string(row, "credit"))
			cli_say(stdout, "           %s", cli_string(row, "credit"));
	}
	if (!locations)
		cli_say(stdout, "database   none: no standing can be told (`geo` in the configuration)");
}

static void print_sandbox(json_t *sandbox)
{
	const char *missing = cli_string(sandbox, "missing");
	if (*missing)
		cli_say(stdout, "warning    sandbox: %s", missing);
	if (cli_integer(sandbox, "refused"))
		cli_say(stdout,
		        "warning    the sandbox has refused %s of the kernel, the last one %s: a fault, "
		        "or somebody is in the daemon",
		        cli_count(cli_integer(sandbox, "refused"), "call").bytes,
		        cli_string(sandbox, "last_refused"));
}

static void print_recursion(json_t *recursion)
{
	if (!json_is_object(recursion))
		return;
	cli_put(stdout, "recursion  %s at %s",
	        json_is_true(json_object_get(recursion, "recursive"))
	            ? "the authoritative name servers are asked"
	            : "the upstreams are asked",
	        cli_string(recursion, "address"));
	if (json_is_true(json_object_get(recursion, "validates")))
		cli_put(stdout, ", and what they sign is validated");
	if (cli_integer(recursion, "restarts"))
		cli_put(stdout, "; it had to be begun anew %s",
		        cli_count(cli_integer(recursion, "restarts"), "time").bytes);
	cli_say(stdout, "%s", "");
	print_upstreams(json_object_get(recursion, "upstreams"), NULL);
}

static void print_status(json_t *status)
{
	json_t *snapshot = json_object_get(status, "snapshot"), *line;
	json_t *devices = json_object_get(status, "devices"), *lists = json_object_get(status, "lists");
	size_t i;
	cli_say(stdout, "portafilter %s, pid %lld, up %s (since %s UTC), %s",
	        cli_string(status, "version"), (long long)cli_integer(status, "pid"),
	        cli_duration(cli_integer(status, "uptime_s")).bytes,
	        cli_time(cli_string(status, "started")).bytes,
	        cli_count(cli_integer(status, "workers"), "worker").bytes);
	if (cli_integer(status, "workers_hung"))
		cli_say(stdout, "warning    %s hung: see the log; those who ask there get no answer",
		        cli_count(cli_integer(status, "workers_hung"), "worker").bytes);
	print_sandbox(json_object_get(status, "sandbox"));
	print_recursion(json_object_get(status, "recursion"));
	cli_put(stdout, "listens    ");
	put_list(json_object_get(status, "listen"));
	cli_put(stdout, "; home: ");
	put_list(json_object_get(status, "home"));
	cli_say(stdout, "%s", json_array_size(json_object_get(status, "home")) ? "" : "not set");
	cli_say(stdout, "snapshot   %s of %s, built %s", figure(snapshot, "epoch").bytes,
	        cli_string(snapshot, "config"), cli_time(cli_string(snapshot, "built")).bytes);
	cli_say(stdout, "policy     %s, %s, %s with %s, %s",
	        cli_count(cli_integer(devices, "configured"), "device").bytes,
	        cli_count(cli_integer(devices, "neighbours"), "neighbour").bytes,
	        cli_count(cli_integer(lists, "count"), "list").bytes,
	        cli_count(cli_integer(lists, "names"), "name").bytes,
	        cli_count(cli_integer(json_object_get(status, "rules"), "count"), "rule").bytes);
	cli_print_pauses(json_object_get(status, "pauses"));
	print_queries(status);
	print_cache(json_object_get(status, "cache"));
	print_upstreams(json_object_get(status, "upstreams"), NULL);
	print_forward(json_object_get(status, "forward"));
	print_journal(json_object_get(status, "journal"));
	print_notify(json_object_get(status, "notify"));
	print_databases(json_object_get(status, "databases"));
	json_array_foreach(json_object_get(status, "warnings"), i, line)
		cli_say(stdout, "warning    %s", json_is_string(line) ? json_string_value(line) : "");
}

int verb_status(const struct cli *cli)
{
	return client_run(cli, "/api/v1/status", NULL, false, print_status);
}
