# What finds faults that tests alone do not show. Included by the Makefile, which says what the targets do.

.PHONY: ubsan msan tsan valgrind analyze analyze-gcc analyze-clang analyze-cppcheck coverage coverage-run mutation

# The caller's flags stay away: each of these is a build of its own.
DEBUG = -O1 -g -fno-omit-frame-pointer

ubsan:
	@$(MAKE) check BUILD=$(BUILD)/ubsan CC=clang \
	         CFLAGS='$(DEBUG) -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all'

msan:
	@$(MAKE) check BUILD=$(BUILD)/msan CC=clang CFLAGS='$(DEBUG) -fsanitize=memory -fno-sanitize-recover=all'

# Only where there are threads: a crew, islands, and what they share.
THREADED = crew threads
tsan:
	@$(MAKE) check BUILD=$(BUILD)/tsan CFLAGS='$(DEBUG) -fsanitize=thread' \
	         TESTS='$(THREADED:%=$(BUILD)/tsan/tests/test_%)' CHECKED=

# Those that take minutes there look at the same code with more numbers. Valgrind 3.19 has no AVX-512.
VALGRIND       ?= valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite
VALGRIND_TESTS ?= archive archive_file archive_write ask hurdles learner null packed resume self_test stack structs take threads
valgrind:
	@$(MAKE) check BUILD=$(BUILD)/valgrind CFLAGS='$(DEBUG)' RUN='$(VALGRIND)' \
	         TESTS='$(VALGRIND_TESTS:%=$(BUILD)/valgrind/tests/test_%)' CHECKED=

# ---------------------------------------------------------------- reading the sources

SOURCES = $(sort $(wildcard src/*/*.c) $(wildcard ../archive/*.c))

analyze: analyze-gcc analyze-clang analyze-cppcheck

# Left out is what it says of an arena that only counts: it gives NULL, of which nothing is read then, and gcc 12 does not
# follow that far. So it is with the marks of live instructions.
ANALYZER = -fanalyzer -Wno-analyzer-null-dereference -Wno-analyzer-null-argument -Wno-analyzer-use-of-uninitialized-value
analyze-gcc:
	@for file in $(SOURCES); do \
	     gcc $(INCLUDE) $(MANDATORY) $(WARN) -O1 $(ANALYZER) -c -o /dev/null $$file || exit 1; \
	 done; echo 'gcc -fanalyzer: nothing'

# Left out: parameters that could be mistaken for one another; arguments of macros that are types; _POSIX_C_SOURCE, which is
# what POSIX calls it; doubles that are compared as bits, which is meant; products of 32 bits, looked at one by one.
TIDY = bugprone-*,cert-*,-bugprone-easily-swappable-parameters,-bugprone-macro-parentheses,-bugprone-reserved-identifier,$\
       -cert-dcl37-c,-cert-dcl51-cpp,-bugprone-suspicious-memory-comparison,-cert-exp42-c,-cert-flp37-c,$\
       -bugprone-implicit-widening-of-multiplication-result
analyze-clang:
	@clang-tidy --quiet --warnings-as-errors='*' --checks='-*,$(TIDY)' $(SOURCES) -- $(INCLUDE) -std=c99 2>/dev/null && \
	 echo 'clang-tidy: nothing'

# It takes a struct that a function fills in for one that it reads.
analyze-cppcheck:
	@cppcheck --quiet --std=c99 --enable=warning,performance,portability --error-exitcode=1 \
	          --suppress=missingIncludeSystem --suppress=toomanyconfigs --suppress=ctuuninitvar -UAMLZ_BUILD $(INCLUDE) src ../archive && echo 'cppcheck: nothing'

# ---------------------------------------------------------------- what the tests reach, and what they notice

# By a copy of the object files' folder of its own; the report names lines and branches that no test took.
coverage:
	@$(MAKE) coverage-run BUILD=$(BUILD)/coverage CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage
coverage-run:
	@find $(BUILD) -name '*.gcda' -delete 2>/dev/null; $(MAKE) check
	@gcovr --root .. --object-directory $(BUILD) --filter ../libamlz/src --filter ../archive --exclude ../archive/examples \
	       --exclude-throw-branches --txt $(BUILD)/coverage.txt --txt-metric branch --print-summary
	@sed -n '/^TOTAL/!p' $(BUILD)/coverage.txt | awk '$$4 ~ /%/ && $$4 + 0 < 95'

# An hour: changes that somebody thought of, then some that are drawn.
MUTATIONS ?= 100
mutation:
	@cd .. && python3 tests/mutation/mutate.py && python3 tests/mutation/mutate.py --drawn $(MUTATIONS)
