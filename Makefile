# Aliases of ./pennant, for hands that type make.
.PHONY: run test check bench demo shots

run test check bench demo shots:
	./pennant $@ $(ARGS)
