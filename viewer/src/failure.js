/** What can keep a film from being shown: a code that the page's words explain, and a detail for the console. */

export class FilmFailure extends Error {
  /**
   * @param {"denied"|"missing"|"unreachable"|"not-dicom"|"no-picture"|"unsupported"|"damaged"|"too-large"|"not-drawn"} code
   * @param {string} detail English, for the console and the event; never shown alone
   */
  constructor(code, detail) {
    super(detail);
    this.name = "FilmFailure";
    this.code = code;
  }
}
