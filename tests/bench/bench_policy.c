/* What a verdict costs: RULES rules of which OWN concern the device that asks (each the last of its kind), QUERIES queries
 * that no rule holds for. For callgrind, which counts instructions:
 *
 *   valgrind --tool=callgrind --toggle-collect=decide_all tests/bench/bench_policy RULES OWN QUERIES KIND
 *
 * KIND is names (`names` written out), lists, types (nothing that an index could find), or mixed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "policy/policy.h"

#define TEXT_BYTES_MAX (1u << 20)

/* One rule of the kind, for the devices with this tag. */
static void put_rule(struct buffer *yaml, const char *kind, size_t number, const char *tag)
{
	static const char *const kinds[] = {"names", "lists", "types"};
	if (!strcmp(kind, "mixed"))
		kind = kinds[number % 3];
	buffer_print(yaml, "  - {name: r%zu, tags: %s, action: sinkhole, ", number, tag);
	if (!strcmp(kind, "names"))
		buffer_print(yaml, "names: [a%zu.example, \"*.b%zu.example\"]}\n", number, number);
	else if (!strcmp(kind, "lists"))
		buffer_print(yaml, "lists: l%zu}\n", number % 100);
	else
		buffer_print(yaml, "types: TXT}\n");
}

static struct policy *compile(size_t rules, size_t own, const char *kind)
{
	struct buffer yaml;
	struct config *config;
	struct diag diag;
	struct policy *policy = NULL;
	buffer_init(&yaml, TEXT_BYTES_MAX);
	buffer_print(&yaml, "upstreams: [192.0.2.1]\ndevices:\n"
	                    "  - {name: mine, ip: 192.0.2.1, tags: mine}\n"
	                    "  - {name: other, ip: 192.0.2.2, tags: other}\nlists:\n");
	for (size_t i = 0; i < 100; i++)
		buffer_print(&yaml, "  - {name: l%zu, file: /proc/self/exe}\n", i);
	buffer_print(&yaml, "rules:\n");
	for (size_t i = 0; i < rules; i++)
		put_rule(&yaml, kind, i, i < rules - own ? "other" : "mine");
	diag_init(&diag);
	if (config_parse("bench.yaml", yaml.data, yaml.length, &diag, &config) == PF_OK &&
	    policy_compile(config, &diag, &policy) != PF_OK)
		policy = NULL;
	for (size_t i = 0; i < diag.count && !policy; i++)
		fprintf(stderr, "%u: %s\n", diag.entries[i].line, diag.entries[i].text);
	config_free(&config);
	diag_deinit(&diag);
	buffer_deinit(&yaml);
	return policy;
}

/* What callgrind counts. */
__attribute__((noinline)) static size_t decide_all(const struct policy *policy,
                                                   struct policy_scratch *scratch,
                                                   const struct policy_question *question,
                                                   size_t queries)
{
	size_t decided = 0;
	for (size_t i = 0; i < queries; i++) {
		struct verdict verdict;
		(void)policy_decide_names(policy, scratch, question, &verdict);
		decided += verdict.rule != 0;
	}
	return decided;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: bench_policy RULES OWN QUERIES names|lists|types|mixed\n");
		return 2;
	}
	size_t rules = strtoul(argv[1], NULL, 10), own = strtoul(argv[2], NULL, 10);
	struct dns_name name;
	struct list_set lists = {{0}};
	struct policy *policy = own <= rules ? compile(rules, own, argv[4]) : NULL;
	struct policy_scratch *scratch = policy ? policy_scratch_new(policy) : NULL;
	if (!scratch || dns_name_from_text("www.some.name.example", &name) != PF_OK)
		return 1;
	/* The tag `mine` is the first that the configuration names. */
	struct policy_question question = {.tags = tag_bit(TAG_ALL) | tag_bit(TAG_BUILTIN_COUNT),
	                                   .name = &name,
	                                   .type = 1,
	                                   .lists = &lists};
	size_t decided = decide_all(policy, scratch, &question, strtoul(argv[3], NULL, 10));
	printf("%zu rules, %zu of this device, %zu decided\n", rules, own, decided);
	policy_scratch_free(&scratch);
	policy_free(&policy);
	return 0;
}
