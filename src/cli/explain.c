/* `explain`: the sentence first, then what it stands on. */
#include <ctype.h>
#include <string.h>

#include "cli/client.h"
#include "cli/text.h"

static const char * or (const char *text, const char *otherwise)
{
	return *text ? text : otherwise;
}

static void print_address(json_t *row)
{
	json_int_t asn = cli_integer(row, "asn");
	const char *evidence = cli_string(row, "evidence");
	cli_put(stdout, "address    %s  ", cli_string(row, "address"));
	cli_put_standing(stdout, row);
	if (json_is_true(json_object_get(row, "special"))) {
		cli_say(stdout, ", of special use: it stands nowhere");
		return;
	}
	cli_put(stdout, " in %s", or (cli_string(row, "location"), "an unknown country"));
	if (*evidence)
		cli_put(stdout, " (%s)", evidence);
	if (asn)
		cli_put(stdout, ", run by AS%lld %s (%s)", (long long)asn, cli_string(row, "organisation"),
		        or (cli_string(row, "control"), "country unknown"));
	cli_say(stdout, "%s", json_is_true(json_object_get(row, "anycast")) ? ", anycast" : "");
}

/* The country that a name ends in, for those who would take it for evidence. */
static void print_hint(const char *name)
{
	const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
	bool country = isalpha((unsigned char)last[0]) && isalpha((unsigned char)last[1]) && !last[2];
	if (country)
		cli_say(stdout,
		        "hint       .%s says who registers the name, and nothing of where it stands", last);
}

/* What the answer is worth as evidence. */
static void print_dnssec(const char *dnssec)
{
	static const char *const words[][2] = {
		{"secure", "authenticated: nobody on the way has changed it"},
		{"insecure", "its zone is not signed: somebody on the way could have made it up"},
		{"bogus", "its signatures are wrong: it is not used"},
		{"indeterminate", "not checked"},
	};
	for (size_t i = 0; i < PF_COUNT(words); i++)
		if (!strcmp(dnssec, words[i][0]))
			cli_say(stdout, "DNSSEC     %s; %s", dnssec, words[i][1]);
}

static void print_answer(json_t *document)
{
	json_t *row;
	size_t i;
	const char *upstream = cli_string(document, "upstream"), *reply = cli_string(document, "reply");
	cli_put(stdout, "reply      %s", cli_string(document, "rcode"));
	if (*reply)
		cli_put(stdout, " (%s)", reply);
	cli_put(stdout, ", by %s", cli_string(document, "source"));
	if (*upstream)
		cli_put(stdout, ", answered by %s", upstream);
	putchar('\n');
	print_dnssec(cli_string(document, "dnssec"));
	if (*cli_string(document, "standing")) {
		cli_put(stdout, "standing   ");
		cli_put_standing(stdout, document);
		putchar('\n');
	}
	json_array_foreach(json_object_get(document, "hops"), i, row)
	{
		json_t *owner = json_array_get(json_object_get(document, "owners"), i + 1);
		cli_put(stdout, "leads to   %s", json_is_string(row) ? json_string_value(row) : "");
		if (json_is_string(owner))
			cli_put(stdout, ", a name of %s", json_string_value(owner));
		putchar('\n');
	}
	if (*upstream && *cli_string(document, "standing"))
		cli_say(stdout,
		        "           as %s answered%s; another resolver may be given other addresses",
		        upstream,
		        json_is_true(json_object_get(document, "client_subnet"))
		            ? ""
		            : ", asked without client subnet");
	json_array_foreach(json_object_get(document, "addresses"), i, row) print_address(row);
	if (*cli_string(document, "standing"))
		print_hint(cli_string(document, "name"));
}

static void print_lists(json_t *document)
{
	json_t *row;
	size_t i;
	json_array_foreach(json_object_get(document, "lists"), i, row)
	{
		const char *cname = cli_string(row, "cname");
		cli_put(stdout, "list       %s%s%s, entry %s, ", cli_string(row, "name"),
		        *cname ? " holds " : "", cname, cli_string(row, "entry"));
		if (cli_integer(row, "line"))
			cli_say(stdout, "%s line %lld: %s", cli_string(row, "file"),
			        (long long)cli_integer(row, "line"), cli_string(row, "text"));
		else
			cli_say(stdout, "which %s does not hold any more", cli_string(row, "file"));
	}
}

static void print_rule(json_t *row)
{
	const char *why = cli_string(row, "why");
	cli_say(stdout, "rule %-5lld %s \"%s\" (%s): %s%s%s", (long long)cli_integer(row, "rule"),
	        cli_string(row, "action"), cli_string(row, "name"), cli_string(row, "stage"),
	        cli_string(row, "result"), *why ? "; " : "", why);
}

/* The whole walk, or the rules that hold: the one that decides, and those that would if it did not. */
static void print_rules(json_t *document, bool all)
{
	json_t *row;
	size_t i;
	json_int_t left_out = 0;
	json_array_foreach(json_object_get(document, "rules"), i, row)
	{
		const char *result = cli_string(row, "result");
		if (all || !strcmp(result, "matches") || !strcmp(result, "shadowed"))
			print_rule(row);
		else
			left_out++;
	}
	if (!cli_integer(document, "rule"))
		cli_say(stdout, "No rule speaks of this: the device gets the answer as it is.");
	if (left_out)
		cli_say(stdout, "%s: --all says why.",
		        left_out == 1 ? "One rule does not hold" : "The other rules do not hold");
}

static void print_explanation_of(json_t *document, bool all)
{
	json_t *device = json_object_get(document, "device"), *tag;
	size_t i;
	cli_say(stdout, "%s", cli_string(document, "reason"));
	putchar('\n');
	cli_put(stdout, "device     %s (%s), tags", cli_string(device, "name"),
	        cli_string(device, "id"));
	json_array_foreach(json_object_get(device, "tags"), i, tag)
		cli_put(stdout, " %s", json_is_string(tag) ? json_string_value(tag) : "");
	if (*cli_string(document, "client"))
		cli_put(stdout, ", asking from %s", cli_string(document, "client"));
	putchar('\n');
	cli_say(stdout, "question   %s %s", cli_string(document, "name"), cli_string(document, "type"));
	print_answer(document);
	print_lists(document);
	print_rules(document, all);
}

static void print_explanation(json_t *document)
{
	print_explanation_of(document, false);
}

static void print_whole_walk(json_t *document)
{
	print_explanation_of(document, true);
}

int verb_explain(const struct cli *cli)
{
	struct params params = {0};
	client_param(&params, "device", cli->positional[0]);
	client_param(&params, "name", cli->positional[1]);
	client_param(&params, "type", cli->positional_count > 2 ? cli->positional[2] : NULL);
	return client_run(cli, "/api/v1/explain", &params, false,
	                  cli->all ? print_whole_walk : print_explanation);
}
