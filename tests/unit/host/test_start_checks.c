/* SPDX-License-Identifier: BSD-3-Clause */

/* What is found out before anything starts: who this host is, CPUs, hugepages. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>

#include "cores.h"
#include "hugepages.h"
#include "inventory.h"
#include "own_name.h"
#include "startup.h"

/* --- who this host is ------------------------------------------------------------------------ */

static const char text[] = "all:\n"
			   "  vars:\n"
			   "    covey_fabric: f\n"
			   "    covey_gkm: 192.0.2.1\n"
			   "    covey_fabric_interface: eth0\n"
			   "    covey_groups: {g: {vnis: [1], members: [hv1]}}\n"
			   "  hosts:\n"
			   "    hv1: {covey_vtep: 10.0.0.1}\n"
			   "    hv2.example.com: {covey_vtep: 10.0.0.2}\n"
			   "    hv3: {covey_vtep: 10.0.0.3}\n"
			   "    hv3.example.com: {covey_vtep: 10.0.0.4}\n";

static const char *find(const char *name, const char *host_name, struct covey_error *error)
{
	static char found[64];
	struct diagnostics diagnostics;
	struct inventory *inventory;
	const struct inventory_host *self;

	diagnostics_init(&diagnostics);
	assert_int_equal(inventory_parse("i.yaml", text, strlen(text), &diagnostics, &inventory),
			 0);
	strcpy(found, "none");
	if (startup_find_self(inventory, "i.yaml", name, host_name, &self, error) == 0)
		strcpy(found, self->name);
	inventory_free(inventory);
	diagnostics_free(&diagnostics);
	return found;
}

static void write_text(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void test_host_name(void **state)
{
	static const char *const cases[][3] = {
		/* --name, the machine's host name, what it is in the inventory */
		{NULL, "hv1", "hv1"},
		{NULL, "hv1.example.com", "hv1"},
		{NULL, "hv2.example.com", "hv2.example.com"},
		{NULL, "hv2", "none"},
		{NULL, "hv3.example.com", "hv3.example.com"},
		{NULL, "hv3.example.org", "hv3"},
		{NULL, "", "none"},
		{"hv1", "hv2.example.com", "hv1"},
		{"hv1.example.com", "hv1", "none"},
		{"hv2.example.com", "x", "hv2.example.com"},
	};
	struct covey_error error;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(find(cases[i][0], cases[i][1], &error), cases[i][2]);
	find(NULL, "hv7.example.org", &error);
	assert_non_null(strstr(error.text, "no host hv7.example.org and no host hv7"));
	find("hv7", "hv1", &error);
	assert_non_null(strstr(error.text, "no host hv7 (did you mean hv1?): it has hv1, "));
}

/* A machine may have another name in the inventory than it calls itself. */
static void test_own_name(void **state)
{
	static const char *const cases[][2] = {
		{"hv7\n", "hv7"}, {"hv7.example.com", "hv7.example.com"}, {"hv7\nhv8\n", "hv7"}};
	static const char *const none[] = {"", "\n", " hv7"};
	char path[] = "/tmp/covey-name-XXXXXX", host_name[OWN_NAME_SIZE] = "", name[OWN_NAME_SIZE];
	char longer[2 * OWN_NAME_SIZE];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	gethostname(host_name, sizeof(host_name) - 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_text(path, cases[i][0]);
		own_name_read(path, name);
		assert_string_equal(name, cases[i][1]);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		write_text(path, none[i]);
		own_name_read(path, name);
		assert_string_equal(name, host_name);
	}
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	write_text(path, longer);
	own_name_read(path, name);
	assert_int_equal(strlen(name), OWN_NAME_SIZE - 1);
	close(fd);
	unlink(path);
	own_name_read(path, name);
	assert_string_equal(name, host_name);
}

/* --- what the kernel tells -------------------------------------------------------------------- */

struct sysfs {
	char path[64];
};

static void write_file(const struct sysfs *sysfs, const char *name, const char *content)
{
	char path[256], *slash;

	snprintf(path, sizeof(path), "%s/%s", sysfs->path, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	mkdir(path, 0700);
	*slash = '/';
	write_text(path, content);
}

static int make_sysfs(void **state)
{
	static struct sysfs sysfs;

	strcpy(sysfs.path, "/tmp/covey-sysfs-XXXXXX");
	*state = &sysfs;
	return mkdtemp(sysfs.path) ? 0 : -1;
}

static int remove_sysfs(void **state)
{
	const struct sysfs *sysfs = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", sysfs->path);
	return system(command);
}

static void test_cpus(void **state)
{
	const struct sysfs *sysfs = *state;
	struct covey_error error;

	write_file(sysfs, "present", "0-3\n");
	write_file(sysfs, "cpu2/online", "0\n");
	write_file(sysfs, "cpu3/online", "1\n");
	assert_int_equal(cores_explain(sysfs->path, 7, "hv1", &error), -ENODEV);
	assert_non_null(strstr(error.text, "covey_cores of hv1 names CPU 7, which this machine has "
					   "not: it has 0-3"));
	assert_int_equal(cores_explain(sysfs->path, 2, "hv1", &error), -ENODEV);
	assert_non_null(strstr(error.text, "CPU 2, which is offline"));
	assert_non_null(strstr(error.text, "/cpu2/online"));
	assert_int_equal(cores_explain(sysfs->path, 3, "hv1", &error), -ENODEV);
	assert_non_null(strstr(error.text, "CPU 3, which this process may not use"));
}

/* Against the kernel itself: CPU 1023 is on no machine that runs this, and some CPU is. */
static void test_cpus_of_this_machine(void **state)
{
	struct covey_error error;
	cpu_set_t before, after;
	char cpu[8] = "";

	sched_getaffinity(0, sizeof(before), &before);
	for (int i = 0; i < CPU_SETSIZE && !cpu[0]; i++)
		if (CPU_ISSET(i, &before))
			snprintf(cpu, sizeof(cpu), "%d", i);
	assert_int_equal(cores_check(cpu, "hv1", &error), 0);
	assert_int_equal(cores_check("1023", "hv1", &error), -ENODEV);
	assert_non_null(strstr(error.text, "CPU 1023"));
	sched_getaffinity(0, sizeof(after), &after);
	assert_true(CPU_EQUAL(&before, &after));
}

static void test_hugepages(void **state)
{
	const struct sysfs *sysfs = *state;

	assert_int_equal(hugepages_free_mib(sysfs->path), 0);
	write_file(sysfs, "free_hugepages", "128\n");
	assert_int_equal(hugepages_free_mib(sysfs->path), 256);
	/* A virtual machine has mapped them, and not touched them yet. */
	write_file(sysfs, "resv_hugepages", "100\n");
	assert_int_equal(hugepages_free_mib(sysfs->path), 56);
	write_file(sysfs, "resv_hugepages", "200\n");
	assert_int_equal(hugepages_free_mib(sysfs->path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_name),
		cmocka_unit_test(test_own_name),
		cmocka_unit_test_setup_teardown(test_cpus, make_sysfs, remove_sysfs),
		cmocka_unit_test(test_cpus_of_this_machine),
		cmocka_unit_test_setup_teardown(test_hugepages, make_sysfs, remove_sysfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
