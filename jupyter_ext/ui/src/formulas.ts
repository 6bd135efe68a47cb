/**
 * Which formulas of other people are typeset: those made of nothing but symbols, functions, accents, fractions,
 * fonts and tables of them.
 *
 * MathJax reads a language, and has one memory for the whole page: \def in a comment would change the formulas of
 * the notebook beside it, \require loads packages, \href, \class, \cssId, \style and \mmlToken make attributes,
 * \label names, and \rule and \kern draw where they like. So commands are named here one by one, from MathJax's
 * own tables of base and AMS; a formula with any other stays as it was typed.
 */
const LETTERS = `
  alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon
  phi chi psi omega varepsilon vartheta varpi varrho varsigma varphi aleph hbar imath jmath ell wp Re Im
  partial infty prime emptyset nabla top bot angle triangle backslash forall exists neg lnot flat natural
  sharp clubsuit diamondsuit heartsuit spadesuit Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
  And iiiint digamma varkappa varGamma varDelta varTheta varLambda varXi varPi varSigma varUpsilon varPhi
  varPsi varOmega beth gimel daleth backprime hslash varnothing blacktriangle triangledown blacktriangledown
  square Box blacksquare lozenge Diamond blacklozenge circledS bigstar sphericalangle measuredangle nexists
  complement mho eth Finv diagup Game diagdown Bbbk yen circledR checkmark maltese`;
const OPERATORS = `
  surd coprod bigvee bigwedge biguplus bigcap bigcup int intop iint iiint prod sum bigotimes bigoplus bigodot
  oint bigsqcup smallint triangleleft triangleright bigtriangleup bigtriangledown wedge land vee lor cap cup
  ddagger dagger sqcap sqcup uplus amalg diamond bullet wr div odot oslash otimes ominus oplus mp pm circ
  bigcirc setminus cdot ast times star propto sqsubseteq sqsupseteq parallel mid dashv vdash leq le geq ge lt
  gt succ prec approx succeq preceq supset subset supseteq subseteq in ni notin owns gg ll sim simeq perp
  equiv asymp smile frown ne neq cong doteq bowtie models Leftrightarrow Leftarrow Rightarrow leftrightarrow
  leftarrow gets rightarrow to mapsto leftharpoonup leftharpoondown rightharpoonup rightharpoondown nearrow
  searrow nwarrow swarrow rightleftharpoons hookrightarrow hookleftarrow longleftarrow Longleftarrow
  longrightarrow Longrightarrow Longleftrightarrow longleftrightarrow longmapsto ldots cdots vdots ddots dotsc
  dotsb dotsm dotsi dotso ldotp cdotp colon dotplus ltimes smallsetminus rtimes Cap doublecap leftthreetimes
  Cup doublecup rightthreetimes barwedge curlywedge veebar curlyvee doublebarwedge boxminus circleddash
  boxtimes circledast boxdot circledcirc boxplus centerdot divideontimes intercal leqq geqq leqslant geqslant
  eqslantless eqslantgtr lesssim gtrsim lessapprox gtrapprox approxeq lessdot gtrdot lll llless ggg gggtr
  lessgtr gtrless lesseqgtr gtreqless lesseqqgtr gtreqqless doteqdot Doteq eqcirc risingdotseq circeq
  fallingdotseq triangleq backsim thicksim backsimeq thickapprox subseteqq supseteqq Subset Supset sqsubset
  sqsupset preccurlyeq succcurlyeq curlyeqprec curlyeqsucc precsim succsim precapprox succapprox
  vartriangleleft lhd vartriangleright rhd trianglelefteq unlhd trianglerighteq unrhd vDash Vdash Vvdash
  smallsmile shortmid smallfrown shortparallel bumpeq between Bumpeq pitchfork varpropto backepsilon
  blacktriangleleft blacktriangleright therefore because eqsim vartriangle Join nless ngtr nleq ngeq nleqslant
  ngeqslant nleqq ngeqq lneq gneq lneqq gneqq lvertneqq gvertneqq lnsim gnsim lnapprox gnapprox nprec nsucc
  npreceq nsucceq precneqq succneqq precnsim succnsim precnapprox succnapprox nsim ncong nshortmid
  nshortparallel nmid nparallel nvdash nvDash nVdash nVDash ntriangleleft ntriangleright ntrianglelefteq
  ntrianglerighteq nsubseteq nsupseteq nsubseteqq nsupseteqq subsetneq supsetneq varsubsetneq varsupsetneq
  subsetneqq supsetneqq varsubsetneqq varsupsetneqq leftleftarrows rightrightarrows leftrightarrows
  rightleftarrows Lleftarrow Rrightarrow twoheadleftarrow twoheadrightarrow leftarrowtail rightarrowtail
  looparrowleft looparrowright leftrightharpoons curvearrowleft curvearrowright circlearrowleft
  circlearrowright Lsh Rsh upuparrows downdownarrows upharpoonleft upharpoonright downharpoonleft restriction
  multimap downharpoonright leftrightsquigarrow rightsquigarrow leadsto dashrightarrow dashleftarrow
  nleftarrow nrightarrow nLeftarrow nRightarrow nleftrightarrow nLeftrightarrow`;
const DELIMITERS = `
  lt gt lmoustache rmoustache lgroup rgroup arrowvert Arrowvert bracevert Vert vert uparrow downarrow
  updownarrow Uparrow Downarrow Updownarrow backslash rangle langle rbrace lbrace rceil lceil rfloor lfloor
  lbrack rbrack lvert rvert lVert rVert ulcorner urcorner llcorner lrcorner`;
const COMMANDS = `
  displaystyle textstyle scriptstyle scriptscriptstyle rm mit cal it bf scr frak sf tt mathrm mathnormal
  mathbf mathit mathbfit mathbb Bbb mathfrak mathbffrak mathscr mathbfscr mathsf mathbfsf mathsfit mathbfsfit
  mathtt mathcal mathbfcal textrm textup textnormal textit textbf textsf texttt arcsin arccos arctan arg cos
  cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max min Pr sec sin sinh sup
  tan tanh limits nolimits overline underline overbrace underbrace overparen underparen overrightarrow
  underrightarrow overleftarrow underleftarrow overleftrightarrow underleftrightarrow overset underset
  overunderset stackrel stackbin brace brack choose frac sqrt left right middle enspace quad qquad thinspace
  negthinspace big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm biggm Biggm mathord
  mathop mathopen mathclose mathbin mathrel mathpunct mathinner text boxed strut mathstrut phantom vphantom
  hphantom acute grave ddot tilde bar breve check hat vec dot widetilde widehat hline hdashline bmod pmod mod
  pod iff pmb not dots nonumber mathring nobreakspace negmedspace negthickspace idotsint dddot
  ddddot sideset notag substack injlim projlim varliminf varlimsup varinjlim varprojlim operatorname tfrac
  dfrac binom tbinom dbinom cfrac shoveleft shoveright xrightarrow xleftarrow implies impliedby space
  boldsymbol bra ket braket Bra Ket Braket thickspace medspace over`;
const ENVIRONMENTS = `
  array aligned alignedat align align* alignat* gather gather* gathered multline multline* split equation
  equation* matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases subarray`;

const words = (text: string) => text.trim().split(/\s+/);
const KNOWN = new Set([LETTERS, OPERATORS, DELIMITERS, COMMANDS].flatMap(words));
const TABLES = new Set(words(ENVIRONMENTS));
const CHARACTERS = new Set(" \n\\,;:!>{}|%&_#$");
/** A table's beginning or end, or a command as TeX reads it: a word, or one character that is no letter. */
const COMMAND = /\\(?:(?:begin|end)\{([A-Za-z]+\*?)\}|([A-Za-z]+)|(.?))/gs;
const LONGEST = 2_000;
/** MathJax takes seconds for a few hundred within each other, and the page stands still meanwhile. */
const DEEPEST = 20;
const NESTED = /\\[\\{}]|(\{|\\(?:left|begin)(?![A-Za-z]))|(\}|\\(?:right|end)(?![A-Za-z]))/g;
/** A new line with a distance of its own may be as far away as it likes. */
const FAR = /\\\\\s*\*?\s*\[/;

/** Whether a formula may be typeset for somebody who did not write it. */
export function isPlain(tex: string): boolean {
  if (tex.length > LONGEST || FAR.test(tex)) return false;
  let depth = 0;
  for (const [, opening, closing] of tex.matchAll(NESTED)) {
    if (opening) depth += 1;
    if (closing) depth -= 1;
    if (depth > DEEPEST) return false;
  }
  for (const [, table, word, character = ""] of tex.matchAll(COMMAND)) {
    const isKnown = table ? TABLES.has(table) : word ? KNOWN.has(word) : CHARACTERS.has(character);
    if (!isKnown) return false;
  }
  return true;
}
