/* Every allocation of compiling fails in turn (the linker puts these in the place of the C library's): no crash,
 * no leak, nothing half-made comes out, and what does come out is whole. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/policy/fixture.h"

#define ALLOCATIONS_MAX 1000 /* the example takes some hundreds */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__wrap_strdup(const char *text);

static size_t calls, fails_at;

static bool fails(void)
{
	return ++calls == fails_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

#define REGEX "\"/ads[0-9]/\""

static const char rules[] =
	"  - {name: a, tags: [coffee], names: [\"*.x.example\", " REGEX "], action: allow}\n"
	"  - {name: b, lists: [tv], types: [A, AAAA], action: sinkhole}\n"
	"  - {name: c, standing: overseas, location: [CN], control: \"!US\", asn: [1, 2], "
	"addresses: [203.0.113.0/24], cname: [c.example, " REGEX "], action: sinkhole}\n";

/* The fixture's own work must not fail: only the policy is made under pressure. */
static int compile(const struct config *config, struct diag *diag, struct policy **policy,
                   struct policy_scratch **scratch)
{
	int error = policy_compile(config, diag, policy);
	*scratch = NULL;
	if (error == PF_OK)
		*scratch = policy_scratch_new(*policy);
	return error;
}

static void test_every_allocation(void **state)
{
	(void)state;
	struct fixture fixture;
	size_t refused = 0, i;
	assert_int_equal(fixture_compile(&fixture, rules), PF_OK);
	for (i = 1; i < ALLOCATIONS_MAX; i++) {
		struct policy *policy;
		struct policy_scratch *scratch;
		calls = 0;
		fails_at = i;
		int error = compile(fixture.config, &fixture.diag, &policy, &scratch);
		size_t made = calls;
		fails_at = 0;
		assert_int_equal(error == PF_OK, policy != NULL);
		if (error != PF_OK || !scratch)
			refused++;
		if (error != PF_OK)
			assert_int_equal(error, PF_ENOMEM);
		else
			assert_int_equal(policy_rule_count(policy), 3);
		policy_scratch_free(&scratch);
		policy_free(&policy);
		if (made < i)
			break;                 /* all have failed once, and this one went through */
		assert_true(refused == i); /* no allocation is one that it could do without */
	}
	assert_true(i < ALLOCATIONS_MAX);
	assert_int_equal(fixture.diag.errors, 0);
	assert_true(refused > 20);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
