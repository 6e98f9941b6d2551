/* `explain`: the sentence first, then what it stands on. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"

static void print_addresses(json_t *document)
{
	size_t i;
	json_t *row, *hop;
	json_array_foreach(json_object_get(document, "hops"), i, hop)
		printf("  leads to  %s\n", cli_safe(json_string_value(hop)));
	json_array_foreach(json_object_get(document, "addresses"), i, row)
	{
		printf("  address   %s  %s/%s  in %s (%s)", cli_text(row, "address"),
		       cli_standing(cli_text(row, "standing")), cli_text(row, "confidence"),
		       *cli_text(row, "location") ? cli_text(row, "location") : "an unknown country",
		       cli_text(row, "evidence"));
		if (json_integer_value(json_object_get(row, "asn")))
			printf(", run by AS%s %s (%s)", cli_text(row, "asn"), cli_text(row, "organisation"),
			       *cli_text(row, "control") ? cli_text(row, "control") : "?");
		printf("%s\n", *cli_text(row, "anycast") ? ", anycast" : "");
	}
}

static void print_walk(json_t *document)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(document, "lists"), i, row)
		printf("  list      %s, line %s: %s\n", cli_text(row, "name"), cli_text(row, "line"),
	           cli_text(row, "entry"));
	json_array_foreach(json_object_get(document, "rules"), i, row)
		printf("  rule %-4s %s \"%s\" (%s): %s%s%s\n", cli_text(row, "rule"),
	           cli_text(row, "action"), cli_text(row, "name"), cli_text(row, "stage"),
	           cli_text(row, "result"), *cli_text(row, "why") ? ": " : "", cli_text(row, "why"));
}

static void print_explanation(json_t *document)
{
	json_t *device = json_object_get(document, "device"), *tag;
	size_t i;
	printf("%s\n\n", cli_text(document, "reason"));
	printf("  device    %s (%s), tags", cli_text(device, "name"), cli_text(device, "id"));
	json_array_foreach(json_object_get(device, "tags"), i, tag)
		printf(" %s", cli_safe(json_string_value(tag)));
	printf("\n  question  %s %s\n", cli_text(document, "name"), cli_text(document, "type"));
	printf("  reply     %s%s%s", cli_text(document, "rcode"),
	       *cli_text(document, "reply") ? ", " : "", cli_text(document, "reply"));
	printf(", by %s", cli_text(document, "source"));
	if (*cli_text(document, "upstream"))
		printf(" (%s)", cli_text(document, "upstream"));
	putchar('\n');
	if (*cli_text(document, "standing"))
		printf("  standing  %s, confidence %s\n", cli_standing(cli_text(document, "standing")),
		       cli_text(document, "confidence"));
	print_addresses(document);
	print_walk(document);
	if (!json_integer_value(json_object_get(document, "rule")))
		printf("\nNo rule speaks of this; the device gets the answer as it is.\n");
}

int verb_explain(const struct cli *cli)
{
	struct client *client = client_open(cli);
	json_t *document = NULL;
	if (!client)
		return CLI_USAGE;
	struct client_param params[] = {
		{"device", cli->positional[0]},
		{"name", cli->positional[1]},
		{"type", cli->positional_count > 2 ? cli->positional[2] : NULL},
	};
	int result = client_get(client, "/api/v1/explain", params, PF_COUNT(params), &document);
	if (result == CLI_NO_DAEMON)
		client_no_daemon(client);
	else if (cli->json && document)
		cli_print_json(document);
	else if (result == CLI_DONE)
		print_explanation(document);
	json_decref(document);
	client_close(&client);
	return result;
}
