module morrow/bench/edge/reverseproxy

go 1.22
