// Checks a log of Muster with the code that checks Go's own checksum database: golang.org/x/mod/sumdb.
//
// Nothing of Muster's is used. Either everything comes as JSON on standard input, or, with -url, from a live server:
//
//	go run verify.go -url https://muster.example.org/ledger -key NAME+HASH+KEY [-kept FILE] [-proof FILE]
//
// It says what it checked, one line each, and ends with status 1 at the first thing that does not hold.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// Input is what is checked: checkpoints oldest first, the tiles by path, and proofs that the log made.
type Input struct {
	Key         string            `json:"key"`
	Checkpoints []string          `json:"checkpoints"`
	Tiles       map[string][]byte `json:"tiles"`
	Records     []Record          `json:"records"`
	Trees       []TreeProof       `json:"trees"`
}

// Record is the log's proof for one entry (ledger/proof/NUMBER.json). Payload and salt are base64, or "erased".
type Record struct {
	Checkpoint string   `json:"checkpoint"`
	Index      int64    `json:"index"`
	Header     []byte   `json:"header"`
	Salt       string   `json:"salt"`
	Payload    string   `json:"payload"`
	Leaf       []byte   `json:"leaf"`
	Proof      [][]byte `json:"proof"`
}

// TreeProof is the log's proof that the tree at New begins with the tree at Old.
type TreeProof struct {
	Old   int64    `json:"old"`
	New   int64    `json:"new"`
	Proof [][]byte `json:"proof"`
}

func main() {
	url := flag.String("url", "", "where the log is served")
	key := flag.String("key", "", "its verifier key")
	kept := flag.String("kept", "", "a file with one checkpoint from elsewhere")
	proof := flag.String("proof", "", "a file with the proof of an entry")
	flag.Parse()
	var in Input
	var err error
	if *url == "" {
		err = json.NewDecoder(os.Stdin).Decode(&in)
	} else {
		in, err = fetch(*url, *key, *kept, *proof)
	}
	if err == nil {
		err = check(in, &reader{tiles: in.Tiles, url: *url})
	}
	if err != nil {
		fmt.Println("FAILED", err)
		os.Exit(1)
	}
	fmt.Println("OK")
}

func fetch(url, key, kept, proof string) (in Input, err error) {
	in.Key = key
	if kept != "" {
		text, err := os.ReadFile(kept)
		if err != nil {
			return in, err
		}
		in.Checkpoints = append(in.Checkpoints, string(text))
	}
	latest, err := get(url + "/checkpoint")
	if err != nil {
		return in, err
	}
	in.Checkpoints = append(in.Checkpoints, string(latest))
	if proof != "" {
		text, err := os.ReadFile(proof)
		if err != nil {
			return in, err
		}
		var record Record
		if err := json.Unmarshal(text, &record); err != nil {
			return in, err
		}
		in.Records = append(in.Records, record)
	}
	return in, nil
}

func get(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}

// reader gives out tiles. Go's paths name the height (tile/8/0/000), those of tlog-tiles do not (tile/0/000).
type reader struct {
	tiles map[string][]byte
	url   string
}

func (r *reader) Height() int                                { return height }
func (r *reader) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (r *reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, ok := r.tiles[path]
		if !ok && r.url != "" {
			var err error
			if data, err = get(r.url + "/" + path); err != nil {
				return nil, err
			}
			ok = true
		}
		if !ok {
			return nil, fmt.Errorf("there is no %s", path)
		}
		found = append(found, data)
	}
	return found, againstParents(tiles, found)
}

// againstParents looks at each full tile whose parent was asked for as well: its root has to stand there.
//
// TileHashReader does so too, but before x/mod 0.40.0 (Debian 12 has 0.7.0) not for the first tiles after those of the
// root: it counts the subtrees that make up the root, of which several may lie in one tile, and leaves out so many
// tiles (GO-2026-6179).
func againstParents(tiles []tlog.Tile, data [][]byte) error {
	type place struct {
		level  int
		number int64
	}
	known := map[place][]byte{}
	for i, tile := range tiles {
		known[place{tile.L, tile.N}] = data[i]
	}
	for i, tile := range tiles {
		parent, ok := known[place{tile.L + 1, tile.N >> height}]
		start := int(tile.N&(1<<height-1)) * tlog.HashSize
		if !ok || tile.W != 1<<height || len(parent) < start+tlog.HashSize || len(data[i]) != tile.W*tlog.HashSize {
			continue // TileHashReader looks at lengths
		}
		if root(data[i]) != hashAt(parent, start) {
			return fmt.Errorf("%s is not what its parent says", tile.Path())
		}
	}
	return nil
}

func root(data []byte) tlog.Hash {
	if len(data) == tlog.HashSize {
		return hashAt(data, 0)
	}
	half := len(data) / 2
	return tlog.NodeHash(root(data[:half]), root(data[half:]))
}

func hashAt(data []byte, start int) (hash tlog.Hash) {
	copy(hash[:], data[start:])
	return hash
}

func check(in Input, tiles *reader) error {
	verifier, err := note.NewVerifier(in.Key)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	trees := map[int64]tlog.Tree{}
	var before tlog.Tree
	for _, text := range in.Checkpoints {
		tree, err := open(text, verifier)
		if err != nil {
			return err
		}
		fmt.Println("signature", tree.N)
		if other, ok := trees[tree.N]; ok && other != tree {
			return fmt.Errorf("fork: two roots at %d", tree.N)
		}
		if err := fromTiles(before, tree, tiles); err != nil {
			return err
		}
		trees[tree.N], before = tree, tree
	}
	for _, record := range in.Records {
		if err := inclusion(record, verifier, tiles); err != nil {
			return err
		}
	}
	for _, one := range in.Trees {
		proof, err := hashes(one.Proof)
		if err != nil {
			return fmt.Errorf("consistency: %w", err)
		}
		older, newer := trees[one.Old], trees[one.New]
		if err := tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash); err != nil {
			return fmt.Errorf("consistency: %w", err)
		}
		fmt.Println("consistency", one.Old, one.New)
	}
	return nil
}

// open reads a checkpoint of C2SP's tlog-checkpoint. (tlog.ParseTree wants Go's own first line.)
func open(text string, verifier note.Verifier) (tree tlog.Tree, err error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tree, fmt.Errorf("signature: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("checkpoint: not of this log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, fmt.Errorf("checkpoint: %w", err)
	}
	if tree.Hash, err = tlog.ParseHash(lines[2]); err != nil {
		return tree, fmt.Errorf("checkpoint: %w", err)
	}
	return tree, nil
}

// fromTiles proves with the tiles alone that the tree has its root, its first and last leaf, and its older self.
func fromTiles(before, tree tlog.Tree, tiles *reader) error {
	if tree.N == 0 {
		return nil
	}
	proven := tlog.TileHashReader(tree, tiles)
	made, err := tlog.TreeHash(tree.N, proven)
	if err != nil || made != tree.Hash {
		return fmt.Errorf("tiles: %v at %d: %v", made, tree.N, err)
	}
	for _, n := range []int64{0, tree.N / 2, tree.N - 1} {
		if _, err := proven.ReadHashes([]int64{tlog.StoredHashIndex(0, n)}); err != nil {
			return fmt.Errorf("tiles: %w", err)
		}
	}
	fmt.Println("tiles", tree.N)
	if before.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, before.N, proven)
	if err != nil {
		return fmt.Errorf("fork: %w", err)
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
		return fmt.Errorf("fork: %w", err)
	}
	fmt.Println("grown", before.N, tree.N)
	return nil
}

func inclusion(record Record, verifier note.Verifier, tiles *reader) error {
	tree, err := open(record.Checkpoint, verifier)
	if err != nil {
		return err
	}
	proof, err := hashes(record.Proof)
	if err != nil || len(record.Leaf) != tlog.HashSize {
		return fmt.Errorf("inclusion: not hashes")
	}
	var leaf tlog.Hash
	copy(leaf[:], record.Leaf)
	if record.Payload != "erased" {
		var salt, payload []byte
		if err := json.Unmarshal([]byte(`"`+record.Salt+`"`), &salt); err != nil {
			return fmt.Errorf("leaf: %w", err)
		}
		if err := json.Unmarshal([]byte(`"`+record.Payload+`"`), &payload); err != nil {
			return fmt.Errorf("leaf: %w", err)
		}
		inner := sha256.Sum256(append(salt, payload...))
		if tlog.RecordHash(append(record.Header, inner[:]...)) != leaf {
			return fmt.Errorf("leaf: header and payload have another hash")
		}
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, record.Index, leaf); err != nil {
		return fmt.Errorf("inclusion: %w", err)
	}
	fmt.Println("inclusion", record.Index, tree.N)
	own, err := tlog.ProveRecord(tree.N, record.Index, tlog.TileHashReader(tree, tiles))
	if err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	for i := range own {
		if own[i] != proof[i] {
			return fmt.Errorf("inclusion: the tiles make another proof")
		}
	}
	return nil
}

func hashes(all [][]byte) (found []tlog.Hash, err error) {
	for _, one := range all {
		if len(one) != tlog.HashSize {
			return nil, fmt.Errorf("a hash of %d bytes", len(one))
		}
		var hash tlog.Hash
		copy(hash[:], one)
		found = append(found, hash)
	}
	return found, nil
}
