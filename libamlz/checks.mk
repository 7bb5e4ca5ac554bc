# What finds faults that tests alone do not show. Included by the Makefile, which says what the targets do.

.PHONY: ubsan msan tsan valgrind analyze analyze-gcc analyze-clang analyze-cppcheck

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

# Left out are opinions about style: which cast is meant, which parameters could be mistaken for one another.
TIDY = bugprone-*,cert-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-macro-parentheses
analyze-clang:
	@clang-tidy --quiet --warnings-as-errors='*' --checks='-*,$(TIDY)' $(SOURCES) -- $(INCLUDE) -std=c99 2>/dev/null && \
	 echo 'clang-tidy: nothing'

# It takes a struct that a function fills in for one that it reads.
analyze-cppcheck:
	@cppcheck --quiet --std=c99 --enable=warning,performance,portability --error-exitcode=1 \
	          --suppress=missingIncludeSystem --suppress=toomanyconfigs --suppress=ctuuninitvar -UAMLZ_BUILD $(INCLUDE) src ../archive && echo 'cppcheck: nothing'
